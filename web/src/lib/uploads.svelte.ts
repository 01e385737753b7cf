/** Pictures from outside: handed to the server, then asked for. */

import { announcer } from "./announce.svelte";
import { asked } from "./asked.svelte";
import { api, sentence } from "./client";
import { bytes, count } from "./format";
import { server } from "./server.svelte";

class Uploads {
  /** How many are on their way. */
  running = $state(0);

  /** Ask for what looks like these files. */
  async ask(files: Iterable<File>): Promise<void> {
    const pictures = [...files].filter((file) => file.type === "" || file.type.startsWith("image/"));
    if (pictures.length === 0) {
      announcer.notice("That is no picture; drop a JPEG, PNG, WebP or the like.");
      return;
    }
    const handles = (await Promise.all(pictures.map((picture) => this.#send(picture)))).filter(
      (handle) => handle !== null,
    );
    if (handles.length > 0) await asked.addPictures(handles.map((upload) => ({ upload })));
  }

  async #send(picture: File): Promise<string | null> {
    const most = server.info?.max_upload_bytes ?? Infinity;
    if (picture.size > most) {
      announcer.notice(`${picture.name} has ${bytes(picture.size)}; at most ${bytes(most)} are taken.`);
      return null;
    }
    this.running += 1;
    announcer.say(`Sending ${count(this.running, "picture")}`);
    try {
      return (await api.upload(picture)).upload;
    } catch (error) {
      announcer.notice(sentence(error));
      return null;
    } finally {
      this.running -= 1;
    }
  }
}

export const uploads = new Uploads();
