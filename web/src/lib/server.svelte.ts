/** What the server says of itself: its collection, its work, and whether it is there at all. */

import { api, listeners, Problem } from "./client";
import type { Job, Server } from "./types";

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 15_000;

class ServerState {
  info = $state.raw<Server | null>(null);
  jobs = $state.raw<Job[]>([]);
  pictures = $state(0);
  isGone = $state(false);
  /** Counts how often the server came back, so that who failed can ask again. */
  returns = $state(0);
  running = $derived(this.jobs.filter((job) => ["waiting", "running", "paused"].includes(job.state)));
  #events: EventSource | null = null;
  #wait = FIRST_WAIT;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Ask who is there and listen; return how to stop. */
  start(): () => void {
    listeners.gone = () => this.#lose();
    listeners.answered = () => this.#find();
    const again = (): void => void (this.isGone && this.#ask());
    addEventListener("online", again);
    void this.#ask();
    return () => {
      removeEventListener("online", again);
      clearTimeout(this.#timer);
      this.#events?.close();
      this.#events = null;
    };
  }

  /** Ask again, after logging in. */
  refresh(): Promise<void> {
    return this.#ask();
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      this.info = await api.server();
      this.pictures = this.info.pictures;
      this.#listen();
    } catch (error) {
      if (error instanceof Problem && error.status !== 401) this.#lose();
    }
  }

  #listen(): void {
    this.#events?.close();
    const events = new EventSource("/v1/events");
    events.addEventListener("jobs", (event) => {
      this.#find();
      this.jobs = (JSON.parse(event.data as string) as { jobs: Job[] }).jobs;
    });
    events.addEventListener("pictures", (event) => {
      this.pictures = (JSON.parse(event.data as string) as { pictures: number }).pictures;
    });
    events.onerror = () => this.#lose();
    this.#events = events;
  }

  /** Try again after a while; several calls that fail together are one loss. */
  #lose(): void {
    this.#events?.close();
    this.#events = null;
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#ask(), this.#wait);
    this.isGone = this.isGone || this.#wait > FIRST_WAIT;
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }

  #find(): void {
    this.#wait = FIRST_WAIT;
    if (!this.isGone) return;
    this.isGone = false;
    this.returns += 1;
    if (this.#events === null) void this.#ask();
  }
}

export const server = new ServerState();
