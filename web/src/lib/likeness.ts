/** "More like this" and "less like this". */

import { asked } from "./asked.svelte";

/** Add pictures to the present question, or their opposite, and go to its answer. */
export async function moreLike(ids: readonly number[], negated = false): Promise<void> {
  await asked.addPictures(
    ids.map((id) => ({ id })),
    negated,
  );
}
