/** Long work as orders: begin, pause, go on; what the server refuses is told. */

import { announcer } from "./announce.svelte";
import { api, sentence } from "./client";
import { title, type Kind } from "./jobs";
import type { Job } from "./types";

/** Ask for long work. */
export async function begin(kind: Kind, paths: string[] = []): Promise<void> {
  try {
    announcer.say(title(await api.startJob(kind, paths)));
  } catch (error) {
    announcer.notice(sentence(error));
  }
}

/** Have a job pause or go on. */
export async function steer(job: Job, verb: "pause" | "resume"): Promise<void> {
  try {
    await api.steerJob(job.id, verb);
  } catch (error) {
    announcer.notice(sentence(error));
  }
}
