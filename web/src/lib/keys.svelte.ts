/** One registry of keys: what they do, in words, and where; the `?` list is made from it. */

import { SvelteSet } from "svelte/reactivity";

export interface Key {
  /** As `KeyboardEvent.key` says it; a letter in lower case also stands for its capital. */
  key: string;
  /** What it does; keys with the same words share a line of the list. */
  words: string;
  run: (event: KeyboardEvent) => void;
  /** Whether it acts now; otherwise the key does what it always does. */
  when?: () => boolean;
  /** Also while typing in a field. */
  typing?: boolean;
  /** Also below something modal. */
  always?: boolean;
}

export interface Scope {
  name: string;
  keys: Key[];
  /** Keys of scopes that were added before do not act, but for those that always do. */
  modal?: boolean;
}

const FIELDS = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const PRESSED = new Set(["Enter", " "]);

class Keys {
  #scopes = new SvelteSet<Scope>();

  /** What can be pressed now, by scope, the newest first. */
  get scopes(): Scope[] {
    return [...this.#scopes].reverse();
  }

  /** Let a scope's keys act until the returned function is called: `$effect(() => keys.add({...}))`. */
  add(scope: Scope): () => void {
    this.#scopes.add(scope);
    return () => this.#scopes.delete(scope);
  }

  start(): () => void {
    const press = (event: KeyboardEvent): void => this.#press(event);
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target instanceof Element ? event.target : null;
    const isTyping = target?.closest(FIELDS) != null;
    const isControl = target?.closest("button, summary, [role=slider], input") != null;
    if (isControl && PRESSED.has(event.key)) return;
    let isBelow = false;
    for (const scope of this.scopes) {
      const found = scope.keys.find(
        (key) => matches(key, event) && (!isTyping || key.typing) && (!isBelow || key.always) && (key.when?.() ?? true),
      );
      if (found) {
        event.preventDefault();
        found.run(event);
        return;
      }
      isBelow ||= scope.modal ?? false;
    }
  }
}

function matches({ key }: Key, event: KeyboardEvent): boolean {
  return key === event.key || (key.length === 1 && key === event.key.toLowerCase());
}

export const keys = new Keys();
