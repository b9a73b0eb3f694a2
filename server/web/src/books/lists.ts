/** The lists of the books: which there are, what each can be filtered by. Pure. */

export interface BooksList {
  code: 'custody' | 'bench' | 'holdings' | 'cash' | 'moves' | 'refunds' | 'stock' | 'findings';
  path: string;
  states: readonly string[];
  /** What the person filter means there. */
  needsPerson?: true;
}

export const LISTS: readonly BooksList[] = [
  { code: 'findings', path: '/api/findings', states: ['serial_conflict', 'stock_dispute', 'time_overlap', 'cash_overnight', 'core_owed', 'bench_late', 'goods_claimed'] },
  { code: 'custody', path: '/api/custody', states: ['conflict', 'late', 'returned', 'all'] },
  { code: 'bench', path: '/api/bench', states: ['late'] },
  { code: 'holdings', path: '/api/holdings', states: ['goods', 'core', 'cash'] },
  { code: 'cash', path: '/api/cash', states: ['overnight'] },
  { code: 'moves', path: '/api/cash/moves', states: ['taken', 'handed_in'], needsPerson: true },
  { code: 'refunds', path: '/api/refunds', states: [] },
  { code: 'stock', path: '/api/stock', states: ['disputed', 'variance', 'quota'] },
];

export interface BooksFilter {
  list: string;
  state: string;
  person: string;
  q: string;
}

export function filterOf(query: URLSearchParams): { list: BooksList; filter: BooksFilter } {
  const list = LISTS.find((one) => one.code === query.get('list')) ?? LISTS[0]!;
  const state = list.states.includes(query.get('state') ?? '') ? query.get('state')! : '';
  return { list, filter: { list: list.code, state, person: query.get('person') ?? '', q: query.get('q') ?? '' } };
}

/** The address of the list at the server; `null` where it cannot be asked yet. */
export function pathOf(list: BooksList, filter: BooksFilter): string | null {
  if (list.needsPerson && filter.person === '') return null;
  const query = new URLSearchParams();
  for (const name of ['state', 'person', 'q'] as const) {
    if (filter[name] !== '') query.set(name, filter[name]);
  }
  const text = query.toString();
  return text === '' ? list.path : `${list.path}?${text}`;
}
