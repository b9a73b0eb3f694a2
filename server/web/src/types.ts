/** The shapes of the office API, one file a subject. */

export type * from './types/basic';
export type * from './types/forms';
export type * from './types/office';
export type * from './types/order';
