/** The frame around every view: who is here, where one can go, whether what one sees is live. */

import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { logOut, resumeSession, session, sessionEnded, unreachableSince } from './api';
import { clock, zoneName } from './format';
import { liveState, startLive, stopLive } from './live';
import { parseRoute, sectionOf, type Route, type Section } from './logic/route';
import { Icon, type IconName } from './parts/icon';
import { LanguageSwitch } from './parts/language_switch';
import { Failed, Loading, Toasts } from './parts/state_of_things';
import { loadTechnicians } from './technicians';
import { language, suggestLanguage, t } from './text';
import { Administration } from './views/administration';
import { Books } from './views/books';
import { Callbacks } from './views/callbacks';
import { Dispatch } from './views/dispatch';
import { Login } from './views/login';
import { NewCall } from './views/new_call';
import { Orders } from './views/orders';
import { Reviews } from './views/reviews';
import { Technicians } from './views/technicians';
import { OrderPage } from './order/page';

const route = signal<Route>(parseRoute(location.hash));
addEventListener('hashchange', () => {
  const before = route.value.view;
  route.value = parseRoute(location.hash);
  if (route.value.view === before && before !== 'order') return;
  scrollTo(0, 0);
  document.getElementById('content')?.focus({ preventScroll: true });
});

const SECTIONS: { section: Section; icon: IconName; roles?: string[] }[] = [
  { section: 'orders', icon: 'orders' },
  { section: 'dispatch', icon: 'dispatch' },
  { section: 'callbacks', icon: 'phone' },
  { section: 'reviews', icon: 'review' },
  { section: 'books', icon: 'board' },
  { section: 'technicians', icon: 'device' },
  { section: 'administration', icon: 'gear', roles: ['administrator'] },
];

export function App() {
  const [failure, setFailure] = useState<unknown>(null);
  const begin = () => {
    setFailure(null);
    resumeSession().catch(setFailure);
  };
  useEffect(begin, []);
  useEffect(() => {
    document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
    document.title = t('title');
  }, [language.value]);
  if (failure !== null && session.value === undefined) return <main class="alone"><Failed error={failure} retry={begin} /></main>;
  if (session.value === undefined) return <main class="alone"><Loading rows={3} /></main>;
  return session.value === null ? <Login ended={sessionEnded.value} /> : <Desk />;
}

function Desk() {
  const person = session.value;
  useEffect(() => {
    suggestLanguage(person?.language ?? null);
    startLive();
    loadTechnicians().catch(() => undefined);
    return stopLive;
  }, [person?.person]);
  return (
    <div class="desk">
      <a class="skip" href="#content" onClick={skipToContent}>{t('skip')}</a>
      <Header />
      <Banners />
      <main id="content" tabIndex={-1}><View /></main>
      <footer class="foot">{t('zone', { zone: zoneName() })}</footer>
      <Toasts />
    </div>
  );
}

/** The hash belongs to the routes, so the skip link moves the focus itself. */
function skipToContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function Header() {
  const here = sectionOf(route.value);
  const sections = SECTIONS.filter(({ roles }) => roles === undefined || session.value?.roles.some((role) => roles.includes(role)));
  return (
    <header class="top">
      <a class="brand" href="#/orders"><img src="icon.svg" alt="" width="26" height="26" />{t('title')}</a>
      <nav class="sections" aria-label={t('nav')}>
        {sections.map(({ section, icon }) => (
          <a key={section} href={`#/${section}`} aria-current={here === section ? 'page' : undefined}>
            <Icon name={icon} /><span>{t(`nav.${section}`)}</span>
          </a>
        ))}
      </nav>
      <div class="who">
        <LiveMark />
        <LanguageSwitch />
        <span class="person"><Icon name="user" /><span>{session.value?.name}</span></span>
        <button type="button" class="icon-button on-dark" title={t('logout')} aria-label={t('logout')} onClick={() => void logOut()}>
          <Icon name="exit" />
        </button>
      </div>
    </header>
  );
}

function LiveMark() {
  const state = liveState.value;
  return (
    <span class="live" data-live={state} title={t(`live.${state}.long`)}>
      <span class="live-dot" aria-hidden="true" />
      <span>{t(`live.${state}`)}</span>
    </span>
  );
}

function Banners() {
  const since = unreachableSince.value;
  if (since === null && liveState.value !== 'lost') return null;
  return (
    <div class="banner" role="alert">
      <Icon name="offline" />
      {since === null ? t('live.lost.banner') : t('unreachable.banner', { time: clock(since) })}
    </div>
  );
}

function View() {
  const present = route.value;
  switch (present.view) {
    case 'orders':
      return <Orders query={present.query} />;
    case 'new_call':
      return <NewCall />;
    case 'order':
      return <OrderPage key={present.id} id={present.id} query={present.query} />;
    case 'dispatch':
      return <Dispatch />;
    case 'callbacks':
      return <Callbacks query={present.query} />;
    case 'reviews':
      return <Reviews />;
    case 'books':
      return <Books query={present.query} />;
    case 'technicians':
      return <Technicians />;
    case 'administration':
      return <Administration />;
    case 'unknown':
      return <p class="empty">{t('unknown_page')} <a href="#/orders">{t('nav.orders')}</a></p>;
  }
}
