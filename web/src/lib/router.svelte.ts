/** Where we are: the URL is the state; a picture lies over the gallery that it was opened from. */

export type Page =
  | { name: "home"; by: "time" | "colour" }
  | { name: "search"; q: string; all: boolean; compare: number | null }
  | { name: "albums" }
  | { name: "album"; id: number }
  | { name: "care" }
  | { name: "login"; back: string }
  | { name: "missing" };

interface Entry {
  /** The gallery below a picture. */
  under?: string;
  /** How far the page was scrolled when it was left. */
  scroll?: number;
  /** How many steps back stay in this page. */
  depth?: number;
  /** The depth of the gallery below a picture. */
  below?: number;
}

/** Return the page that an address names; a picture's is the one below it. */
export function pageOf(address: string): Page {
  const url = new URL(address, "http://page");
  const [place, id, ...rest] = url.pathname.split("/").filter(Boolean);
  const home: Page = { name: "home", by: url.searchParams.get("by") === "colour" ? "colour" : "time" };
  if (place === undefined) return home;
  if (rest.length) return { name: "missing" };
  if (place === "search" && id === undefined) {
    const { searchParams } = url;
    const compare = searchParams.get("compare") ?? undefined;
    return {
      name: "search",
      q: searchParams.get("q") ?? "",
      all: searchParams.has("all"),
      compare: isNumber(compare) ? Number(compare) : null,
    };
  }
  if (place === "albums" && id === undefined) return { name: "albums" };
  if (place === "albums" && isNumber(id)) return { name: "album", id: Number(id) };
  if (place === "care" && id === undefined) return { name: "care" };
  if (place === "login" && id === undefined) return { name: "login", back: ownPath(url.searchParams.get("back")) };
  return place === "picture" && isNumber(id) ? home : { name: "missing" };
}

/** Return the id of the picture that an address shows, or null. */
export function pictureOf(address: string): number | null {
  const match = /^\/picture\/(\d+)\/?$/.exec(new URL(address, "http://page").pathname);
  return match ? Number(match[1]) : null;
}

/** The address of a search; `all` also shows what is probably chance, `compare` the answer of another generation. */
export function searchUrl(q: string, all = false, compare: number | null = null): string {
  if (!q.trim()) return "/";
  return `/search?q=${encodeURIComponent(q)}${all ? "&all=1" : ""}${compare === null ? "" : `&compare=${compare}`}`;
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text);
}

/** A way back stays in this page: a path, never another host. */
function ownPath(back: string | null): string {
  return back !== null && /^\/(?![/\\])/.test(back) ? back : "/";
}

/** How long going back waits for a page to be as long as it was. */
const PATIENCE = 3_000;

class Router {
  /** The picture that lies over the page, or null. */
  picture = $state<number | null>(null);
  /** The page itself, also while a picture lies over it. */
  page = $state.raw<Page>(pageOf("/"));
  /** The address of that page; empty until it is read. */
  address = $state("");

  /** Read the address and follow links, back and forward from now on; return how to stop. */
  start(): () => void {
    history.scrollRestoration = "manual";
    this.#read();
    const stop = new AbortController();
    const { signal } = stop;
    addEventListener("popstate", () => this.#read(), { signal });
    addEventListener("scrollend", () => this.#remember(), { signal });
    addEventListener("pagehide", () => this.#remember(), { signal });
    document.addEventListener("click", (event) => this.#follow(event), { signal });
    return () => stop.abort();
  }

  /** Go to an address of this page. */
  go(address: string, { replace = false }: { replace?: boolean } = {}): void {
    const entry = this.#entry;
    const next: Entry = { depth: (entry.depth ?? 0) + (replace ? 0 : 1) };
    if (pictureOf(address) !== null) {
      next.under = this.picture === null ? here() : (entry.under ?? "/");
      const below = this.picture === null ? (entry.depth ?? 0) : entry.below;
      if (below !== undefined) next.below = below;
    }
    if (replace) {
      history.replaceState(next, "", address);
    } else {
      this.#remember();
      history.pushState(next, "", address);
    }
    this.#read(replace);
  }

  /** Take the picture away and be where it was opened. */
  close(): void {
    if (this.picture === null) return;
    if (this.#entry.depth) history.back();
    else this.go(this.#entry.under ?? "/", { replace: true });
  }

  /** Go to the gallery below, however many neighbours were walked through. */
  leave(): void {
    const { depth = 0, below, under = "/" } = this.#entry;
    if (below !== undefined && below < depth) history.go(below - depth);
    else this.go(under, { replace: true });
  }

  get #entry(): Entry {
    return (history.state as Entry | null) ?? {};
  }

  #read(staysPut = false): void {
    this.picture = pictureOf(here());
    const address = this.picture === null ? here() : (this.#entry.under ?? "/");
    const page = pageOf(address);
    if (address === this.address && page.name === this.page.name) return;
    this.address = address;
    this.page = page;
    if (!staysPut) scrollWhenLongEnough(this.#entry.scroll ?? 0);
  }

  #remember(): void {
    if (this.picture === null) history.replaceState({ ...this.#entry, scroll: scrollY }, "");
  }

  #follow(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !isPlain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || link.pathname.startsWith("/v1/") || link.hash) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

/** Scroll where the reader was: a gallery that grows at its end does so until it reaches that far. Who scrolls themselves is left alone. */
function scrollWhenLongEnough(wanted: number): void {
  const stop = new AbortController();
  const options = { signal: stop.signal, passive: true };
  for (const kind of ["wheel", "touchstart", "keydown"]) addEventListener(kind, () => stop.abort(), options);
  const started = performance.now();
  const attempt = (): void => {
    if (stop.signal.aborted) return;
    const reaches = document.documentElement.scrollHeight - innerHeight >= wanted;
    scrollTo({ top: wanted, behavior: "instant" });
    if (reaches || performance.now() - started > PATIENCE) stop.abort();
    else requestAnimationFrame(attempt);
  };
  requestAnimationFrame(attempt);
}

function here(): string {
  return location.pathname + location.search;
}

export const router = new Router();
