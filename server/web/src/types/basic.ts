/** What every part of the office API is made of. Times are milliseconds since 1970 UTC; ids are opaque texts. */

export type Millis = number;
export type Id = string;
export type FactRef = string;

/** A text that the server gives in both languages. */
export interface Both {
  en: string;
  zh: string;
}

export interface Named {
  id: Id;
  name: string;
}

/** A person, or the rule of the system that acted. */
export type Author = { id: Id; name?: string } | { system: string };

export interface Money {
  minor: number;
  currency: string;
}

export interface Session {
  person: Id;
  name: string;
  roles: string[];
  language: string | null;
}

export interface Page<T> {
  items: T[];
  next: string | null;
  total: number;
}
