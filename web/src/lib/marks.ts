/** Where the words of a query stand in a text. */

export interface Piece {
  text: string;
  isMatch: boolean;
}

/** Split a text so that what a term's words match is apart; case does not matter. */
export function marked(text: string, term: string): Piece[] {
  const words = (term.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).sort((one, other) => other.length - one.length);
  if (words.length === 0) return [{ text, isMatch: false }];
  const pieces = text.split(new RegExp(`(${words.join("|")})`, "giu"));
  return pieces.map((piece, place) => ({ text: piece, isMatch: place % 2 === 1 })).filter((piece) => piece.text);
}
