/** The forms of commands, as the server gives them. */

import type { Both } from './basic';

export type FieldContent =
  | { type: 'text'; most: number }
  | { type: 'flag' | 'thousandths' | 'time' | 'amount' | 'file' | 'made' }
  | { type: 'number'; least: number; most: number }
  | { type: 'id'; of: string }
  | { type: 'choice'; choices: { code: string; text: Both }[] }
  | { type: 'group'; fields: FormField[] }
  | { type: 'list'; most: number; item: FieldContent };

export type FormField = FieldContent & {
  name: string;
  text: Both;
  required: boolean;
  unit: string | null;
  /** Kinds of the facts that it can name; empty is any. */
  facts: string[];
};

export interface CommandForm {
  command: string;
  text: Both;
  fields: FormField[];
}
