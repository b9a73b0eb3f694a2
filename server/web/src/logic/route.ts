/** Addresses of the page, kept in the hash so that the server needs to know only one document. Pure. */

export type Section = 'orders' | 'dispatch' | 'callbacks' | 'reviews' | 'books' | 'technicians' | 'administration';

export type Route =
  | { view: 'orders'; query: URLSearchParams }
  | { view: 'new_call' }
  | { view: 'order'; id: string; query: URLSearchParams }
  | { view: Exclude<Section, 'orders'>; query: URLSearchParams }
  | { view: 'unknown' };

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const query = new URLSearchParams(search);
  const [first = '', second] = path.split('/');
  switch (first) {
    case '':
    case 'orders':
      if (second === undefined || second === '') return { view: 'orders', query };
      return second === 'new' ? { view: 'new_call' } : { view: 'order', id: decodeURIComponent(second), query };
    case 'dispatch':
    case 'callbacks':
    case 'reviews':
    case 'books':
    case 'technicians':
    case 'administration':
      return { view: first, query };
    default:
      return { view: 'unknown' };
  }
}

export function orderHash(id: string): string {
  return `#/orders/${encodeURIComponent(id)}`;
}

/** A list's address with its filter; empty fields are left out. */
export function listHash(section: Section, filter: Record<string, string>): string {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ''));
  const text = query.toString();
  return text === '' ? `#/${section}` : `#/${section}?${text}`;
}

/** The section of the navigation that a route belongs to. */
export function sectionOf(route: Route): Section | null {
  switch (route.view) {
    case 'order':
    case 'new_call':
      return 'orders';
    case 'unknown':
      return null;
    default:
      return route.view;
  }
}
