/** What is done with several pictures at once: remove, export, copy their paths. */

import { albums } from "./albums.svelte";
import { announcer } from "./announce.svelte";
import { answers } from "./answers.svelte";
import { api, sentence } from "./client";
import { count } from "./format";
import { mosaic } from "./mosaic.svelte";
import { router } from "./router.svelte";
import { selection } from "./selection.svelte";

/** Remove pictures from the collection, and show everything without them. */
export async function removePictures(ids: number[], isRemembered: boolean): Promise<void> {
  const { removed } = await api.removeItems(ids, isRemembered);
  const gone = new Set(ids);
  selection.replace(selection.ids.filter((id) => !gone.has(id)));
  announcer.notice(`Removed ${count(removed, "picture")} from the collection`);
  albums.changes += 1;
  answers.forget();
  const { page } = router;
  await Promise.all([mosaic.reload(), page.name === "search" && answers.ask(page.q, page.all)]);
}

/** Save what is known about pictures as a file of the reader's. */
export async function exportPictures(
  ids: number[],
  format: "csv" | "jsonl",
  name: string,
  hides: boolean,
): Promise<void> {
  const blob = await api.export({ format, items: ids, strip_gps: hides });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Copy the first path of each picture, one a line. */
export async function copyPaths(ids: number[]): Promise<void> {
  try {
    const lines = (await (await api.export({ format: "jsonl", items: ids, strip_gps: true })).text()).trim();
    const paths = lines.split("\n").flatMap((line) => (JSON.parse(line) as { paths: string[] }).paths.slice(0, 1));
    await navigator.clipboard.writeText(paths.join("\n"));
    announcer.notice(`${count(paths.length, "path")} copied`);
  } catch (error) {
    announcer.notice(sentence(error));
  }
}
