/** Line icons, drawn inline so that no font or sprite has to load. Always decorative: a text stands beside each. */

const PATHS = {
  alert: 'M12 3.500 21.500 20h-19zM12 10v4.500M12 17.300v.2',
  back: 'M14.500 5 7.500 12l7 7',
  board: 'M4 5h16v14H4zM4 10h16M10 10v9',
  check: 'M5 12.500 10 17.500 19.500 7',
  clock: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 7.500V12l3 2',
  close: 'M6 6l12 12M18 6 6 18',
  device: 'M7.500 3h9v18h-9zM11 18h2',
  dispatch: 'M4 7h11M4 12h7M4 17h7M15 12h6M18 9l3 3-3 3',
  dot: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  exit: 'M14 4h5v16h-5M4 12h10M10 8l4 4-4 4',
  gear: 'M5 7h6M15 7h4M5 12h2M11 12h8M5 17h8M17 17h2M13 5v4M9 10v4M15 15v4',
  globe: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM3.500 12h17M12 3.500c5 5 5 12 0 17M12 3.500c-5 5-5 12 0 17',
  offline: 'M4 4l16 16M8.500 15.500a5 5 0 0 1 5-1.300M5.500 12a9 9 0 0 1 4-2.300M13.500 9.500a9 9 0 0 1 5 2.500M12 18.800v.2',
  orders: 'M6 3.500h12v17l-3-1.800-3 1.800-3-1.800-3 1.800zM9 8.500h6M9 12.500h6',
  pause: 'M9 6v12M15 6v12',
  pen: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  phone: 'M7 3.500 10 4l1 4-2 1.500a11 11 0 0 0 5.500 5.500L16 13l4 1 .5 3c0 2-1.500 3.500-3.500 3.500C10 20 4 14 3.500 7 3.500 5 5 3.500 7 3.500z',
  play: 'M8 5.500v13l10-6.500z',
  plus: 'M12 5v14M5 12h14',
  review: 'M4 5h16v11h-8l-4 4v-4H4zM12 8v3M12 13v.2',
  search: 'M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5',
  shield: 'M12 3.500 19 6v6c0 4-3 7-7 8.500C8 19 5 16 5 12V6zM8.500 12l2.500 2.500 4.500-5',
  slash: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM6 18 18 6',
  sync: 'M5 10a7.500 7.500 0 0 1 13.500-2M19 4v4h-4M19 14a7.500 7.500 0 0 1-13.500 2M5 20v-4h4',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.500 20c1-4 4-5.500 7.500-5.500s6.500 1.500 7.500 5.500',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
