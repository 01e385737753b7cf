/** Folders on the server, as people read them. */

import type { Root } from "./types";

/** Whether a folder is looked after already, by itself or with a whole folder around it. */
export function isLookedAfter(path: string, roots: readonly Root[]): boolean {
  return roots.some((root) => root.is_whole && isWithin(path, root.path));
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** Return the folders from an allowed one down to a path, each with its own. */
export function crumbs(path: string, allowed: readonly string[]): { name: string; path: string }[] {
  const top = allowed.filter((root) => isWithin(path, root)).sort((a, b) => a.length - b.length)[0];
  if (top === undefined) return [];
  const names = path.slice(top.length).split("/").filter(Boolean);
  const start = { name: top.split("/").pop() || top, path: top };
  const below = names.map((name, depth) => ({
    name,
    path: `${top === "/" ? "" : top}/${names.slice(0, depth + 1).join("/")}`,
  }));
  return [start, ...below];
}
