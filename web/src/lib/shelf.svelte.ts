/** What the gallery on the page holds, so that the picture over it knows its neighbours and why it is here. */

import { Tiles } from "./tiles";
import type { Hit } from "./types";

class Shelf {
  tiles = $state.raw<Tiles>(Tiles.none);
  /** Whether the keyboard was last in the gallery, which then keeps it when another takes its place. */
  isWalked = false;
  /** Whether hits show their evidence. */
  showsEvidence = $state(false);

  hit(id: number): Hit | null {
    const found = this.tiles.hit(this.tiles.indexOf(id));
    return found ?? this.tiles.hits?.flatMap((hit) => hit.copies).find((copy) => copy.id === id) ?? null;
  }

  /** The id that stands `step` places after a picture, or null at an end. */
  neighbour(id: number, step: number): number | null {
    const place = this.tiles.indexOf(id);
    return place < 0 ? null : (this.tiles.ids[place + step] ?? null);
  }
}

export const shelf = new Shelf();
