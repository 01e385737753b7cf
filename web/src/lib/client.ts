/** The one way to the server: each call of the interface as a function, each failure as a `Problem`. */

import createClient from "openapi-fetch";

import type { components, paths } from "./api";
import { asSentence } from "./format";
import type { Read, Tree } from "./types";

/** What the server refused, in its own sentence; status 0 when it did not answer. */
export class Problem extends Error {
  readonly status: number;
  /** Seconds to wait before asking again, where the server says so. */
  readonly wait: number;

  constructor(status: number, sentence: string, wait = 0) {
    super(sentence);
    this.status = status;
    this.wait = wait;
  }
}

/** Who wants to know how calls went; `server.svelte.ts` and `App.svelte` listen. */
export const listeners = {
  answered(): void {},
  gone(): void {},
  unauthorised(): void {},
};

type Orders = components["schemas"];
type Signal = AbortSignal | null;

export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Return what went wrong as a sentence to show. */
export function sentence(error: unknown): string {
  return asSentence(error instanceof Error ? error.message : String(error));
}

/** Return the address of a thumbnail; with `sha256`, or its first 8 characters, it never changes. */
export function thumbnailUrl(id: number, sha256: string, size: "small" | "large"): string {
  return `/v1/items/${id}/thumbnail/${size}${sha256 && `?v=${sha256.slice(0, 8)}`}`;
}

export const originalUrl = (id: number): string => `/v1/items/${id}/original`;
export const uploadUrl = (handle: string): string => `/v1/uploads/${encodeURIComponent(handle)}`;

/** The server takes a change only as JSON, also one that has no body. */
const http = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  headers: { "Content-Type": "application/json" },
  fetch: answered,
});

export const api = {
  server: (signal: Signal = null) => data(http.GET("/v1/server", { signal })),
  logIn: (password: string) => data(http.POST("/v1/session", { body: { password } })),
  logInWithKey: (key: string) => data(http.POST("/v1/session", { body: { key } })),
  logOut: () => data(http.DELETE("/v1/session")),

  search: (
    query: { q: string; k?: number; start?: number; cutoff?: number; generation?: number },
    signal: Signal = null,
  ) => data(http.GET("/v1/search", { params: { query }, signal })),
  readLine: (line: string, signal: Signal = null) => read(http.POST("/v1/query", { body: { line }, signal })),
  printTree: (tree: Tree, signal: Signal = null) =>
    read(http.POST("/v1/query", { body: { query: { ...tree } }, signal })),
  counts: (q: string, signal: Signal = null) => data(http.GET("/v1/counts", { params: { query: { q } }, signal })),
  complete: (text: string, k: number, signal: Signal = null) =>
    data(http.GET("/v1/complete", { params: { query: { text, k } }, signal })),
  facets: (signal: Signal = null) => data(http.GET("/v1/facets", { signal })),
  gallery: (query: NonNullable<paths["/v1/gallery"]["get"]["parameters"]["query"]>, signal: Signal = null) =>
    data(http.GET("/v1/gallery", { params: { query }, signal })),
  upload: (picture: Blob, signal: Signal = null) =>
    data(
      http.POST("/v1/uploads", {
        body: picture,
        bodySerializer: (body) => body as Blob,
        headers: { "Content-Type": picture.type || "application/octet-stream" },
        signal,
      }),
    ),

  item: (id: number, signal: Signal = null) =>
    data(http.GET("/v1/items/{item_id}", { params: { path: { item_id: id } }, signal })),
  removeItems: (ids: number[], remember: boolean) => data(http.POST("/v1/items/remove", { body: { ids, remember } })),

  albums: (signal: Signal = null) => data(http.GET("/v1/albums", { signal })),
  album: (id: number, signal: Signal = null) => data(http.GET("/v1/albums/{album_id}", { ...album(id), signal })),
  makeAlbum: (body: Orders["AlbumOrder"]) => data(http.POST("/v1/albums", { body })),
  renameAlbum: (id: number, name: string) =>
    data(http.PATCH("/v1/albums/{album_id}", { ...album(id), body: { name } })),
  deleteAlbum: (id: number) => data(http.DELETE("/v1/albums/{album_id}", album(id))),
  addToAlbum: (id: number, body: Orders["Choice"]) =>
    data(http.POST("/v1/albums/{album_id}/add", { ...album(id), body })),
  removeFromAlbum: (id: number, items: number[]) =>
    data(http.POST("/v1/albums/{album_id}/remove", { ...album(id), body: { items } })),
  export: (body: Orders["ExportOrder"]) => data(http.POST("/v1/export", { body, parseAs: "blob" })),

  stats: (signal: Signal = null) => data(http.GET("/v1/stats", { signal })),
  problems: (signal: Signal = null) => data(http.GET("/v1/problems", { signal })),
  models: (signal: Signal = null) => data(http.GET("/v1/models", { signal })),
  generations: (signal: Signal = null) => data(http.GET("/v1/generations", { signal })),
  useModel: (model: string) => data(http.POST("/v1/generations/use", { body: { model } })),
  dropGeneration: (space: string, generation: number) =>
    data(http.POST("/v1/generations/drop", { body: { space, generation } })),
  folders: (path: string | null, signal: Signal = null) => data(http.POST("/v1/folders", { body: { path }, signal })),
  startJob: (kind: Orders["JobOrder"]["kind"], paths: string[]) =>
    data(http.POST("/v1/jobs", { body: { kind, paths } })),
  steerJob: (id: number, verb: "pause" | "resume" | "stop") =>
    data(http.POST(`/v1/jobs/{job_id}/${verb}`, { params: { path: { job_id: id } } })),
};

const album = (id: number): { params: { path: { album_id: number } } } => ({ params: { path: { album_id: id } } });

/** Return what a call answered; what went wrong was thrown by `answered`. */
async function data<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

/** Return a query in both its forms; the tree is of the form that the server has checked. */
async function read(call: Promise<{ data?: Orders["Query"] }>): Promise<Read> {
  return (await data(call)) as unknown as Read;
}

/** Send a request, tell the listeners how it went, and throw what the server refused. */
async function answered(request: Request): Promise<Response> {
  const response = await fetch(request).catch((error: unknown) => {
    if (isAborted(error)) throw error;
    return null;
  });
  if (response === null || isOfGateway(response)) {
    listeners.gone();
    throw new Problem(0, "The server does not answer; the page keeps trying.");
  }
  listeners.answered();
  if (response.status === 401 && !request.url.endsWith("/v1/session")) listeners.unauthorised();
  if (!response.ok) {
    throw new Problem(response.status, await detail(response), Number(response.headers.get("Retry-After") ?? 0));
  }
  return response;
}

/** Whether a gateway answered for a server that is not there; the server itself says what is wrong as a problem. */
function isOfGateway({ status, headers }: Response): boolean {
  return [502, 503, 504].includes(status) && !headers.get("Content-Type")?.startsWith("application/problem+json");
}

async function detail(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { detail?: string; title?: string };
    return problem.detail ?? problem.title ?? response.statusText;
  } catch {
    return `The server answered ${response.status} ${response.statusText}.`;
  }
}
