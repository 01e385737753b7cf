import { describe, expect, test } from "vitest";

import {
  aligned,
  colourOf,
  heavier,
  joined,
  mixOf,
  normalised,
  opposite,
  pictureOf,
  read,
  replaced,
  withMix,
  withoutFilter,
  write,
} from "./query";
import type { Term, Tree } from "./types";

const tree = (...of: Term[]): Tree => ({ version: 1, query: of.length === 1 ? of[0]! : { term: "and", of } });
const image = (id: number, like?: string): Term => ({ term: "image", id, ...(like && { like }) });
const times = (weight: number, of: Term): Term => ({ term: "weighted", weight, of });
const not = (of: Term): Term => ({ term: "not", of });
const words = (text: string): Term => ({ term: "words", text });
const year: Term = { term: "where", date: ["1970-01-01", "1970-12-31"] };

describe("reading a tree", () => {
  test("nothing asks nothing, and is written as nothing", () => {
    expect(read(null)).toEqual({ chips: [], filters: [] });
    expect(write(read(null))).toBeNull();
  });

  test("filters stand apart from looks, also a choice between filters and the opposite of one", () => {
    const choice: Term = {
      term: "or",
      of: [
        { term: "where", format: "PNG" },
        { term: "where", format: "JPEG" },
      ],
    };
    const { chips, filters } = read(tree(words("boat"), year, choice, not(year)));
    expect(chips.map((chip) => chip.kind)).toEqual(["words"]);
    expect(filters).toEqual([year, choice, not(year)]);
  });

  test("terms of one picture are one chip with its weights by space", () => {
    const { chips } = read(tree(times(2, image(42)), image(42, "colour"), image(7)));
    expect(chips).toHaveLength(2);
    expect(chips[0]).toMatchObject({ weight: 2, mix: { content: 1, colour: 0.5, texture: 0, shape: 0 } });
    expect(chips[1]).toMatchObject({ source: { id: 7 }, weight: 1, mix: { content: 1, colour: 0 } });
  });

  test("the space named picture is content; a box, a sign or another picture make another chip", () => {
    const box = { term: "image", id: 42, box: [0, 0, 9, 9] } as Term;
    expect(read(tree(image(42, "picture"))).chips[0]).toMatchObject({ mix: { content: 1 } });
    expect(read(tree(image(42), box, not(image(42)))).chips).toHaveLength(3);
  });

  test("a picture in a space without a slider is kept as it is", () => {
    const { chips } = read(tree(image(42, "sift")));
    expect(chips[0]).toMatchObject({ kind: "other", of: image(42, "sift") });
    expect(write({ chips, filters: [] })).toEqual(tree(image(42, "sift")));
  });

  test.each<[string, Tree]>([
    ["a word", tree(words("boat"))],
    ["words of names alone", tree({ term: "words", text: "boat", only: "text" }, image(1))],
    ["a weighted opposite", tree(times(2, not(image(42))), words("boat"))],
    ["an upload", tree({ term: "image", upload: "ab" })],
    ["a part of a picture by shape", tree({ term: "image", id: 3, box: [1, 2, 3, 4], like: "shape" })],
    ["a mix", tree(times(2, image(42)), image(42, "colour"), times(0.5, image(42, "texture")))],
    ["a choice", tree({ term: "or", of: [image(1), words("boat")] }, year)],
    ["a colour and a filter", tree(times(0.5, { term: "colour", rgb: "#b03020" }), year)],
  ])("%s is written as it was read", (_, query) => {
    expect(write(read(query))).toEqual(query);
  });
});

describe("changing a question", () => {
  test("a chip goes through its three steps and comes back", () => {
    const steps = [heavier(colourOf("#fff"))];
    for (let time = 0; time < 2; time++) steps.push(heavier(steps.at(-1)!));
    expect(steps.map((chip) => chip.weight)).toEqual([2, 0.5, 1]);
  });

  test("the opposite of the opposite is the chip itself", () => {
    const chip = pictureOf({ id: 1 });
    expect(opposite(opposite(chip))).toEqual(chip);
    expect(write({ chips: [opposite(chip)], filters: [] })).toEqual(tree(not(image(1))));
  });

  test("sliders weigh all pictures, beside the weight of each chip", () => {
    const question = { chips: [heavier(pictureOf({ id: 42 })), pictureOf({ id: 7 })], filters: [] };
    const mix = { content: 1, colour: 0.5, texture: 0, shape: 0 };
    expect(write(withMix(question, mix))).toEqual(
      tree(times(2, image(42)), image(42, "colour"), image(7), times(0.5, image(7, "colour"))),
    );
    expect(mixOf(withMix(question, mix))).toEqual(mix);
    expect(mixOf({ chips: [colourOf("#fff")], filters: [] })).toBeNull();
  });

  test("the strongest slider counts fully, and with all at nothing content alone counts", () => {
    const none = { content: 0, colour: 0, texture: 0, shape: 0 };
    expect(normalised({ ...none, colour: 0.4, shape: 0.2 })).toEqual({ ...none, colour: 1, shape: 0.5 });
    expect(normalised(none)).toEqual({ ...none, content: 1 });
  });

  test("chips and filters are replaced and removed by their place", () => {
    const question = read(tree(words("boat"), image(1), year));
    expect(write(replaced(question, 0, null))).toEqual(tree(image(1), year));
    expect(write(replaced(question, 1, colourOf("#fff")))).toEqual(
      tree(words("boat"), { term: "colour", rgb: "#fff" }, year),
    );
    expect(write(withoutFilter(question, question.filters[0]!))).toEqual(tree(words("boat"), image(1)));
  });

  test("joining asks both, and nothing twice", () => {
    const both = joined(read(tree(words("boat"), year)), read(tree(words("boat"), image(1), year)));
    expect(write(both)).toEqual(tree(words("boat"), image(1), year));
  });
});

test("counts of top terms find their chips and filters", () => {
  const query = tree(times(2, image(42)), image(42, "colour"), words("boat"), year);
  expect(aligned(query, [null, null, 5, 0])).toEqual({ chips: [null, 5], filters: [0] });
});
