import { describe, expect, it } from 'vitest';
import { filterOf, LISTS, pathOf } from './lists';
import { thousandths } from './stock_dialog';

describe('the lists of the books', () => {
  it('begin with what waits for somebody and know their own states only', () => {
    expect(filterOf(new URLSearchParams()).list.code).toBe('findings');
    expect(filterOf(new URLSearchParams('list=nothing')).list.code).toBe('findings');
    expect(filterOf(new URLSearchParams('list=cash&state=overnight')).filter.state).toBe('overnight');
    expect(filterOf(new URLSearchParams('list=cash&state=conflict')).filter.state).toBe('');
  });

  it('ask the server with their filter, and only when they can', () => {
    const path = (text: string) => { const { list, filter } = filterOf(new URLSearchParams(text)); return pathOf(list, filter); };
    expect(path('list=custody&state=late&q=主机 7')).toBe('/api/custody?state=late&q=%E4%B8%BB%E6%9C%BA+7');
    expect(path('list=moves')).toBeNull();
    expect(path('list=moves&person=ab')).toBe('/api/cash/moves?person=ab');
    for (const list of LISTS) expect(list.path).toMatch(/^\/api\//);
  });

  it('read quantities as thousandths', () => {
    const cases: [string, number | null][] = [['1', 1000], ['1.5', 1500], ['0,25', 250], ['-2', -2000], ['', null], ['1.2345', null], ['two', null]];
    for (const [text, expected] of cases) expect(thousandths(text), text).toBe(expected);
  });
});
