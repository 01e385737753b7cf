/** A query as things one can take in hand: looks as chips, filters apart; read from the tree and written back. */

import { inWords, isFilter, parts, pictureInWords, stepOf, STEPS } from "./terms";
import type { PictureTerm, Term, Tree } from "./types";

export const SLIDERS = ["content", "colour", "texture", "shape"] as const;
export type Slider = (typeof SLIDERS)[number];
/** How much each way to look counts, in [0, 1]; the strongest is 1. */
export type Mix = Record<Slider, number>;

interface Common {
  negated: boolean;
  weight: number;
}
export interface PictureChip extends Common {
  kind: "picture";
  source: { id: number } | { upload: string };
  box: number[] | null;
  mix: Mix;
}
export interface ColourChip extends Common {
  kind: "colour";
  rgb: string;
}
export interface WordsChip extends Common {
  kind: "words";
  text: string;
}
/** Anything else, kept as it is: a choice between terms, a picture in another space. */
export interface OtherChip extends Common {
  kind: "other";
  of: Term;
}
export type Chip = PictureChip | ColourChip | WordsChip | OtherChip;

/** A query without groups of its own: all must fit. */
export interface Question {
  chips: Chip[];
  /** Terms that hold or do not. */
  filters: Term[];
}

const NONE: Mix = { content: 0, colour: 0, texture: 0, shape: 0 };
const CONTENT: Mix = { ...NONE, content: 1 };
const SLIDER_OF: Record<string, Slider> = { picture: "content", colour: "colour", texture: "texture", shape: "shape" };

/** Return what a tree asks, as chips and filters; the terms of one picture are one chip. */
export function read(tree: Tree | null): Question {
  const terms = tree === null ? [] : topTerms(tree);
  const chips = new Map<string, Chip>();
  for (const [place, term] of terms.entries()) {
    if (isFilter(term)) continue;
    const chip = chipOf(term);
    const key = chip.kind === "picture" ? identity(chip) : String(place);
    const known = chips.get(key);
    chips.set(key, known?.kind === "picture" && chip.kind === "picture" ? merged(known, chip) : chip);
  }
  return { chips: [...chips.values()], filters: terms.filter(isFilter) };
}

/** Return the tree of a question, or null if it asks nothing. */
export function write({ chips, filters }: Question): Tree | null {
  const terms = [...chips.flatMap(termsOf), ...filters];
  const [first] = terms;
  if (first === undefined) return null;
  return { version: 1, query: terms.length === 1 ? first : { term: "and", of: terms } };
}

/** Ask both: what stood there, and more; what is there already is not asked twice. */
export function joined(question: Question, more: Question): Question {
  const known = new Set([...question.chips, ...question.filters].map((thing) => JSON.stringify(thing)));
  const isNew = (thing: Chip | Term): boolean => !known.has(JSON.stringify(thing));
  return {
    chips: [...question.chips, ...more.chips.filter(isNew)],
    filters: [...question.filters, ...more.filters.filter(isNew)],
  };
}

/** Return a new chip for a picture. */
export function pictureOf(source: PictureChip["source"], negated = false): PictureChip {
  return { kind: "picture", source, box: null, negated, weight: 1, mix: CONTENT };
}

/** Return a new chip for a colour. */
export function colourOf(rgb: string): ColourChip {
  return { kind: "colour", rgb, negated: false, weight: 1 };
}

/** Return the chip counted in the next step: a little, normal, a lot, and again. */
export function heavier<C extends Chip>(chip: C): C {
  const place = STEPS.indexOf(stepOf(chip.weight));
  return { ...chip, weight: STEPS[(place + 1) % STEPS.length]!.weight };
}

export function opposite<C extends Chip>(chip: C): C {
  return { ...chip, negated: !chip.negated };
}

/** Return the question with another chip at a place; null removes it. */
export function replaced(question: Question, place: number, chip: Chip | null): Question {
  return { ...question, chips: question.chips.toSpliced(place, 1, ...(chip ? [chip] : [])) };
}

/** Return the question without one of its filters. */
export function withoutFilter(question: Question, filter: Term): Question {
  return { ...question, filters: question.filters.filter((known) => known !== filter) };
}

/** Return the question with this mix for all its pictures. */
export function withMix(question: Question, mix: Mix): Question {
  const chips = question.chips.map((chip) => (chip.kind === "picture" ? { ...chip, mix: normalised(mix) } : chip));
  return { ...question, chips };
}

/** The mix of the first picture, or null if the question holds none. */
export function mixOf({ chips }: Question): Mix | null {
  return chips.find((chip) => chip.kind === "picture")?.mix ?? null;
}

/** Scale a mix so that its strongest is 1; with nothing in it, content alone counts. */
export function normalised(mix: Mix): Mix {
  const most = strongest(mix);
  return most > 0 ? each((slider) => round(mix[slider] / most)) : CONTENT;
}

/** Return a chip in words, without its sign. */
export function chipInWords(chip: Chip): string {
  if (chip.kind === "other") return inWords(chip.of);
  if (chip.kind !== "picture") return inWords(termsOf({ ...chip, weight: 1, negated: false })[0]!);
  return pictureInWords({ ...chip.source, ...(chip.box && { box: chip.box }) });
}

/** Return what a count for each top term of a tree says of each chip and of each filter; null where nothing does. */
export function aligned(
  tree: Tree,
  counts: readonly (number | null)[],
): Record<"chips" | "filters", (number | null)[]> {
  const terms = topTerms(tree);
  const { chips, filters } = read(tree);
  const keys = terms.map((term) => (isFilter(term) ? null : identity(chipOf(term))));
  const countAt = (place: number): number | null => counts[place] ?? null;
  return {
    chips: chips.map((chip) => countAt(keys.indexOf(identity(chip)))),
    filters: filters.map((filter) => countAt(terms.indexOf(filter))),
  };
}

function topTerms({ query }: Tree): Term[] {
  return query.term === "and" ? parts(query) : [query];
}

/** What makes a chip the same one, however much it counts. */
function identity(chip: Chip): string {
  return JSON.stringify({ ...chip, weight: 1, mix: null });
}

function chipOf(term: Term): Chip {
  const { weight, negated, of } = unwrapped(term);
  if (of.term === "colour") return { kind: "colour", rgb: String(of.rgb), weight, negated };
  if (of.term === "words" && of.only === undefined) return { kind: "words", text: String(of.text), weight, negated };
  const slider = of.term === "image" ? SLIDER_OF[String(of.like ?? "picture")] : undefined;
  if (slider === undefined) return { kind: "other", of, weight, negated };
  const { id, upload = "", box = null } = of as PictureTerm;
  const source = id === undefined ? { upload } : { id };
  return { kind: "picture", source, box, negated, weight, mix: { ...NONE, [slider]: 1 } };
}

/** Weights stand before a minus. */
function unwrapped(term: Term): { weight: number; negated: boolean; of: Term } {
  const weight = term.term === "weighted" ? (term as { weight: number }).weight : 1;
  const signed = term.term === "weighted" ? parts(term)[0]! : term;
  return signed.term === "not"
    ? { weight, negated: true, of: parts(signed)[0]! }
    : { weight, negated: false, of: signed };
}

/** Return the chip of a picture that two chips weigh in different spaces. */
function merged(one: PictureChip, other: PictureChip): PictureChip {
  const mix = each((slider) => Math.max(one.weight * one.mix[slider], other.weight * other.mix[slider]));
  return { ...one, weight: strongest(mix), mix: normalised(mix) };
}

function termsOf(chip: Chip): Term[] {
  switch (chip.kind) {
    case "picture":
      return SLIDERS.filter((slider) => chip.mix[slider] > 0).map((slider) =>
        weighted(pictureTerm(chip, slider), round(chip.weight * chip.mix[slider]), chip.negated),
      );
    case "colour":
      return [weighted({ term: "colour", rgb: chip.rgb }, chip.weight, chip.negated)];
    case "words":
      return [weighted({ term: "words", text: chip.text }, chip.weight, chip.negated)];
    case "other":
      return [weighted(chip.of, chip.weight, chip.negated)];
  }
}

function pictureTerm({ source, box }: PictureChip, slider: Slider): PictureTerm {
  return { term: "image", ...source, ...(box && { box }), ...(slider !== "content" && { like: slider }) };
}

function weighted(of: Term, weight: number, negated: boolean): Term {
  const signed: Term = negated ? { term: "not", of } : of;
  return weight === 1 ? signed : { term: "weighted", weight, of: signed };
}

function each(value: (slider: Slider) => number): Mix {
  return Object.fromEntries(SLIDERS.map((slider) => [slider, value(slider)])) as Mix;
}

function strongest(mix: Mix): number {
  return Math.max(...SLIDERS.map((slider) => mix[slider]));
}

function round(weight: number): number {
  return Math.round(weight * 100) / 100;
}
