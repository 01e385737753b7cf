/** Ways out of an answer without hits: which term failed, and the two most useful things to try. */

import { count } from "./format";
import { aligned, chipInWords, read, replaced, withoutFilter, type Question } from "./query";
import { inWords } from "./terms";
import type { Found, Tree } from "./types";

export interface Way {
  words: string;
  /** What to ask instead; null leaves the question and also shows what is probably chance. */
  question: Question | null;
}

export interface Outlook {
  /** The terms that find nothing alone, in words. */
  failed: string[];
  ways: Way[];
}

const MOST = 2;

export function outlook(tree: Tree, found: readonly Found[], below: number): Outlook {
  const question = read(tree);
  const counts = aligned(
    tree,
    found.map((term) => term.found),
  );
  const without = [
    ...question.chips.map((chip, place) => ({
      name: chipInWords(chip),
      n: counts.chips[place],
      question: replaced(question, place, null),
    })),
    ...question.filters.map((filter, place) => ({
      name: inWords(filter),
      n: counts.filters[place],
      question: withoutFilter(question, filter),
    })),
  ];
  const failed = without.filter(({ n }) => n === 0);
  const ways: Way[] = failed.map(({ name, question }) => ({ words: wayWithout(name, question), question }));
  if (below > 0) ways.push({ words: `Show ${count(below, "picture")} that are probably chance`, question: null });
  if (question.filters.length > 0) {
    ways.push({ words: "Search without filters", question: { ...question, filters: [] } });
  }
  const last = without.at(question.chips.length - 1);
  if (without.length > 1 && last) ways.push({ words: wayWithout(last.name, last.question), question: last.question });
  ways.push({ words: "Look at all pictures", question: { chips: [], filters: [] } });
  const questions = ways.map(({ question }) => JSON.stringify(question));
  const distinct = ways.filter((_, place) => questions.indexOf(questions[place]!) === place);
  return { failed: failed.map(({ name }) => name), ways: distinct.slice(0, MOST) };
}

function wayWithout(name: string, { chips, filters }: Question): string {
  return chips.length + filters.length > 0 ? `Search without ${name}` : "Look at all pictures";
}
