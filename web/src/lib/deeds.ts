/** What one can do with pictures from the keyboard: open the original, copy the path. */

import { announcer } from "./announce.svelte";
import { api, originalUrl, sentence } from "./client";
import { shelf } from "./shelf.svelte";

export function openOriginal(id: number): void {
  window.open(originalUrl(id), "_blank", "noopener");
}

/** Copy where a picture lies; where the browser forbids it, show it instead. */
export async function copyPath(id: number): Promise<void> {
  try {
    const path = shelf.hit(id)?.path ?? (await api.item(id)).paths[0];
    if (path === undefined) announcer.notice("No file holds this picture any more.");
    else await written(path);
  } catch (error) {
    announcer.notice(sentence(error));
  }
}

async function written(path: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(path);
    announcer.notice("Path copied");
  } catch {
    announcer.notice(path);
  }
}
