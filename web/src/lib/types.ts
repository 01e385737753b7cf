/** What the server says, in its own words; `npm run client` writes them anew from its OpenAPI document. */

import type { components } from "./api";

type Schemas = components["schemas"];

export type Server = Schemas["Server"];
export type Evidence = Schemas["Evidence"];
export type Hit = Schemas["Hit"];
export type Answer = Schemas["Hits"];
export type Item = Schemas["Item"];
export type Columns = Schemas["Gallery"];
export type Entry = Schemas["Suggestion"];
export type Facet = Schemas["Value"];
export type Facets = Schemas["Facets"];
export type Found = Schemas["Count"];
export type Cover = Schemas["Cover"];
export type Album = Schemas["Album"];
export type Job = Schemas["Job"];
export type Stats = Schemas["Stats"];
export type Root = Schemas["Root"];
export type Models = Schemas["Models"];
export type Generation = Schemas["Generation"];
export type Generations = Schemas["Generations"];
export type Reason = Schemas["Reason"];
export type Listing = Schemas["Folders"];

/** A term as `docs/query-syntax.md` writes it in JSON. */
export type Term =
  | { term: "and" | "or"; of: Term[] }
  | { term: "not"; of: Term }
  | { term: "weighted"; weight: number; of: Term }
  | PictureTerm
  | { term: "colour"; rgb: string }
  | { term: "words"; text: string; only?: "text" | "look" }
  | WhereTerm;

export interface PictureTerm {
  term: "image";
  id?: number;
  upload?: string;
  box?: number[];
  like?: string;
}

/** Exactly one field beside the tag. */
export interface WhereTerm {
  term: "where";
  [field: string]: unknown;
}

export interface Tree {
  version: 1;
  query: Term;
}

export interface Read {
  line: string;
  query: Tree;
}
