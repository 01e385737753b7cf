/** What the page says: one polite live region, and short notices with at most one thing to do. */

import { untrack } from "svelte";

export interface Notice {
  id: number;
  text: string;
  action?: { words: string; run: () => void };
}

const SECONDS = 6;

class Announcer {
  /** What a screen reader says next. */
  spoken = $state("");
  notices = $state.raw<Notice[]>([]);
  #next = 1;

  /** Say something to a screen reader alone. */
  say(text: string): void {
    const isAgain = text === untrack(() => this.spoken);
    this.spoken = isAgain ? `${text}\u00a0` : text;
  }

  /** Show a short notice, and say it. */
  notice(text: string, action?: Notice["action"], seconds = SECONDS): void {
    const notice: Notice = { id: this.#next++, text, ...(action && { action }) };
    this.notices = [...untrack(() => this.notices).slice(-2), notice];
    this.say(text);
    setTimeout(() => this.dismiss(notice.id), seconds * 1000);
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }
}

export const announcer = new Announcer();
