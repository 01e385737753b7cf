/** What each space finds, in a plain sentence. */

const FINDS: Record<string, string> = {
  colour: "The same colours in the same places: sunsets with sunsets, a red wall with a red wall.",
  texture: "The same surface up close: grass, brick, water, knitting.",
  shape: "The same outlines and arrangement, whatever the colours.",
};

/** A network has versions of its own; the classical combination counts them. */
const CLASSICAL = /^\d+-/;

export function whatItFinds(name: string, version: string): string {
  if (name !== "picture") return FINDS[name] ?? "Closeness in a way that a plug-in brings.";
  return CLASSICAL.test(version)
    ? "What looks alike at first sight: colour, texture and shape together, weighed for each picture."
    : "What means the same, as a network sees it: another boat, another Labrador.";
}
