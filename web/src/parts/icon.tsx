/**
 * The icons in use, drawn by Lucide:
 *
 * ISC License
 *
 * Copyright (c) 2026 Lucide Icons and Contributors
 *
 * Permission to use, copy, modify, and/or distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */
import type { ComponentChild } from 'preact';

const drawings = {
  bell: () => (
    <>
      <path d="M10.268 21a2 2 0 0 0 3.464 0" />{' '}
      <path d="M3.262 15.326A1 1 0 0 0 4 17h16a1 1 0 0 0 .74-1.673C19.41 13.956 18 12.499 18 8A6 6 0 0 0 6 8c0 4.499-1.411 5.956-2.738 7.326" />
    </>
  ),
  calendar: () => (
    <>
      <path d="M8 2v4" /> <path d="M16 2v4" />
      <rect width="18" height="18" x="3" y="4" rx="2" /> <path d="M3 10h18" />
    </>
  ),
  'calendar-plus': () => (
    <>
      <path d="M16 19h6" /> <path d="M16 2v4" /> <path d="M19 16v6" />
      <path d="M21 12.598V6a2 2 0 0 0-2-2H5a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h8.5" />
      <path d="M3 10h18" /> <path d="M8 2v4" />
    </>
  ),
  list: () => (
    <>
      <path d="M3 5h.01" /> <path d="M3 12h.01" /> <path d="M3 19h.01" /> <path d="M8 5h13" />
      <path d="M8 12h13" /> <path d="M8 19h13" />
    </>
  ),
  'door-open': () => (
    <>
      <path d="M10 21H2" /> <path d="M10 3H7a2 2 0 00-2 2v16" /> <path d="M14 12h.01" />{' '}
      <path d="M19 21V5a2 2 0 00-1.675-1.974l-6.163-1.013A1 1 0 0010 3v18a1 1 0 001.124.992z" />{' '}
      <path d="M22 21h-3" />
    </>
  ),
  waypoints: () => (
    <>
      <circle cx="12" cy="4.5" r="2.5" /> <path d="m10.2 6.3-3.9 3.9" />{' '}
      <circle cx="4.5" cy="12" r="2.5" /> <path d="M7 12h10" /> <circle cx="19.5" cy="12" r="2.5" />{' '}
      <path d="m13.8 17.7 3.9-3.9" /> <circle cx="12" cy="19.5" r="2.5" />
    </>
  ),
  'id-card': () => (
    <>
      <path d="M16 10h2" /> <path d="M16 14h2" /> <path d="M6.17 15a3 3 0 0 1 5.66 0" />{' '}
      <circle cx="9" cy="11" r="2" /> <rect x="2" y="5" width="20" height="14" rx="2" />
    </>
  ),
  fence: () => (
    <>
      <path d="M4 3 2 5v15c0 .6.4 1 1 1h2c.6 0 1-.4 1-1V5Z" /> <path d="M6 8h4" />{' '}
      <path d="M6 18h4" /> <path d="m12 3-2 2v15c0 .6.4 1 1 1h2c.6 0 1-.4 1-1V5Z" />{' '}
      <path d="M14 8h4" /> <path d="M14 18h4" />{' '}
      <path d="m20 3-2 2v15c0 .6.4 1 1 1h2c.6 0 1-.4 1-1V5Z" />
    </>
  ),
  flag: () => (
    <path d="M4 22V4a1 1 0 0 1 .4-.8A6 6 0 0 1 8 2c3 0 5 2 7.333 2q2 0 3.067-.8A1 1 0 0 1 20 4v10a1 1 0 0 1-.4.8A6 6 0 0 1 16 16c-3 0-5-2-8-2a6 6 0 0 0-4 1.528" />
  ),
  ticket: () => (
    <>
      <path d="M2 9a3 3 0 0 1 0 6v2a2 2 0 0 0 2 2h16a2 2 0 0 0 2-2v-2a3 3 0 0 1 0-6V7a2 2 0 0 0-2-2H4a2 2 0 0 0-2 2Z" />{' '}
      <path d="M13 5v2" /> <path d="M13 17v2" /> <path d="M13 11v2" />
    </>
  ),
  settings: () => (
    <>
      <path d="M9.671 4.136a2.34 2.34 0 0 1 4.659 0 2.34 2.34 0 0 0 3.319 1.915 2.34 2.34 0 0 1 2.33 4.033 2.34 2.34 0 0 0 0 3.831 2.34 2.34 0 0 1-2.33 4.033 2.34 2.34 0 0 0-3.319 1.915 2.34 2.34 0 0 1-4.659 0 2.34 2.34 0 0 0-3.32-1.915 2.34 2.34 0 0 1-2.33-4.033 2.34 2.34 0 0 0 0-3.831A2.34 2.34 0 0 1 6.35 6.051a2.34 2.34 0 0 0 3.319-1.915" />{' '}
      <circle cx="12" cy="12" r="3" />
    </>
  ),
  plus: () => (
    <>
      <path d="M5 12h14" /> <path d="M12 5v14" />
    </>
  ),
  mic: () => (
    <>
      <path d="M12 19v3" /> <path d="M19 10v2a7 7 0 0 1-14 0v-2" />{' '}
      <rect x="9" y="2" width="6" height="13" rx="3" />
    </>
  ),
  'mic-off': () => (
    <>
      <path d="M12 19v3" /> <path d="M15 9.34V5a3 3 0 0 0-5.68-1.33" />{' '}
      <path d="M16.95 16.95A7 7 0 0 1 5 12v-2" /> <path d="M18.89 13.23A7 7 0 0 0 19 12v-2" />{' '}
      <path d="m2 2 20 20" /> <path d="M9 9v3a3 3 0 0 0 5.12 2.12" />
    </>
  ),
  headphones: () => (
    <>
      <path d="M3 14h3a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-7a9 9 0 0 1 18 0v7a2 2 0 0 1-2 2h-1a2 2 0 0 1-2-2v-3a2 2 0 0 1 2-2h3" />
    </>
  ),
  search: () => (
    <>
      <path d="m21 21-4.34-4.34" /> <circle cx="11" cy="11" r="8" />
    </>
  ),
  'chevron-left': () => (
    <>
      <path d="m15 18-6-6 6-6" />
    </>
  ),
  'chevron-down': () => (
    <>
      <path d="m6 9 6 6 6-6" />
    </>
  ),
  'share-2': () => (
    <>
      <circle cx="18" cy="5" r="3" /> <circle cx="6" cy="12" r="3" />{' '}
      <circle cx="18" cy="19" r="3" /> <line x1="8.59" x2="15.42" y1="13.51" y2="17.49" />{' '}
      <line x1="15.41" x2="8.59" y1="6.51" y2="10.49" />
    </>
  ),
  ellipsis: () => (
    <>
      <circle cx="12" cy="12" r="1" /> <circle cx="19" cy="12" r="1" />{' '}
      <circle cx="5" cy="12" r="1" />
    </>
  ),
  hand: () => (
    <>
      <path d="M18 11V6a2 2 0 0 0-2-2a2 2 0 0 0-2 2" />{' '}
      <path d="M14 10V4a2 2 0 0 0-2-2a2 2 0 0 0-2 2v2" />{' '}
      <path d="M10 10.5V6a2 2 0 0 0-2-2a2 2 0 0 0-2 2v8" />{' '}
      <path d="M18 8a2 2 0 1 1 4 0v6a8 8 0 0 1-8 8h-2c-2.8 0-4.5-.86-5.99-2.34l-3.6-3.6a2 2 0 0 1 2.83-2.82L7 15" />
    </>
  ),
  'log-out': () => (
    <>
      <path d="m16 17 5-5-5-5" /> <path d="M21 12H9" />{' '}
      <path d="M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4" />
    </>
  ),
  'user-plus': () => (
    <>
      <path d="M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2" /> <circle cx="9" cy="7" r="4" />{' '}
      <line x1="19" x2="19" y1="8" y2="14" /> <line x1="22" x2="16" y1="11" y2="11" />
    </>
  ),
  x: () => (
    <>
      <path d="M18 6 6 18" /> <path d="m6 6 12 12" />
    </>
  ),
  check: () => (
    <>
      <path d="M20 6 9 17l-5-5" />
    </>
  ),
  fingerprint: () => (
    <>
      <path d="M12 10a2 2 0 0 0-2 2c0 1.02-.1 2.51-.26 4" />{' '}
      <path d="M14 13.12c0 2.38 0 6.38-1 8.88" /> <path d="M17.29 21.02c.12-.6.43-2.3.5-3.02" />{' '}
      <path d="M2 12a10 10 0 0 1 18-6" /> <path d="M2 16h.01" />{' '}
      <path d="M21.8 16c.2-2 .131-5.354 0-6" />{' '}
      <path d="M5 19.5C5.5 18 6 15 6 12a6 6 0 0 1 .34-2" />{' '}
      <path d="M8.65 22c.21-.66.45-1.32.57-2" /> <path d="M9 6.8a6 6 0 0 1 9 5.2v2" />
    </>
  ),
  'key-round': () => (
    <>
      <path d="M2.586 17.414A2 2 0 0 0 2 18.828V21a1 1 0 0 0 1 1h3a1 1 0 0 0 1-1v-1a1 1 0 0 1 1-1h1a1 1 0 0 0 1-1v-1a1 1 0 0 1 1-1h.172a2 2 0 0 0 1.414-.586l.814-.814a6.5 6.5 0 1 0-4-4z" />{' '}
      <circle cx="16.5" cy="7.5" r=".5" fill="currentColor" />
    </>
  ),
  lock: () => (
    <>
      <rect width="18" height="11" x="3" y="11" rx="2" ry="2" />{' '}
      <path d="M7 11V7a5 5 0 0 1 10 0v4" />
    </>
  ),
  'lock-open': () => (
    <>
      <rect width="18" height="11" x="3" y="11" rx="2" ry="2" />{' '}
      <path d="M7 11V7a5 5 0 0 1 9.9-1" />
    </>
  ),
  users: () => (
    <>
      <path d="M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2" />{' '}
      <path d="M16 3.128a4 4 0 0 1 0 7.744" /> <path d="M22 21v-2a4 4 0 0 0-3-3.87" />{' '}
      <circle cx="9" cy="7" r="4" />
    </>
  ),
  copy: () => (
    <>
      <rect width="14" height="14" x="8" y="8" rx="2" ry="2" />{' '}
      <path d="M4 16c-1.1 0-2-.9-2-2V4c0-1.1.9-2 2-2h10c1.1 0 2 .9 2 2" />
    </>
  ),
  'wifi-off': () => (
    <>
      <path d="M12 20h.01" /> <path d="M8.5 16.429a5 5 0 0 1 7 0" />{' '}
      <path d="M5 12.859a10 10 0 0 1 5.17-2.69" /> <path d="M19 12.859a10 10 0 0 0-2.007-1.523" />{' '}
      <path d="M2 8.82a15 15 0 0 1 4.177-2.643" /> <path d="M22 8.82a15 15 0 0 0-11.288-3.764" />{' '}
      <path d="m2 2 20 20" />
    </>
  ),
  'triangle-alert': () => (
    <>
      <path d="m21.73 18-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3" />{' '}
      <path d="M12 9v4" /> <path d="M12 17h.01" />
    </>
  ),
  'volume-2': () => (
    <>
      <path d="M11 4.702a.705.705 0 0 0-1.203-.498L6.413 7.587A1.4 1.4 0 0 1 5.416 8H3a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2.416a1.4 1.4 0 0 1 .997.413l3.383 3.384A.705.705 0 0 0 11 19.298z" />{' '}
      <path d="M16 9a5 5 0 0 1 0 6" /> <path d="M19.364 18.364a9 9 0 0 0 0-12.728" />
    </>
  ),
  monitor: () => (
    <>
      <rect width="20" height="14" x="2" y="3" rx="2" /> <line x1="8" x2="16" y1="21" y2="21" />{' '}
      <line x1="12" x2="12" y1="17" y2="21" />
    </>
  ),
  message: () => (
    <path d="M22 17a2 2 0 0 1-2 2H6.828a2 2 0 0 0-1.414.586l-2.202 2.202A.71.71 0 0 1 2 21.286V5a2 2 0 0 1 2-2h16a2 2 0 0 1 2 2z" />
  ),
  smile: () => (
    <>
      <circle cx="12" cy="12" r="10" /> <path d="M8 14s1.5 2 4 2 4-2 4-2" /> <path d="M9 9h.01" />{' '}
      <path d="M15 9h.01" />
    </>
  ),
  send: () => (
    <>
      <path d="M14.536 21.686a.5.5 0 0 0 .937-.024l6.5-19a.496.496 0 0 0-.635-.635l-19 6.5a.5.5 0 0 0-.024.937l7.93 3.18a2 2 0 0 1 1.112 1.11z" />{' '}
      <path d="m21.854 2.147-10.94 10.939" />
    </>
  ),
  link: () => (
    <>
      <path d="M10 13a5 5 0 0 0 7.54.54l3-3a5 5 0 0 0-7.07-7.07l-1.72 1.71" />{' '}
      <path d="M14 11a5 5 0 0 0-7.54-.54l-3 3a5 5 0 0 0 7.07 7.07l1.71-1.71" />
    </>
  ),
  chart: () => (
    <>
      <path d="M3 5h12" /> <path d="M3 12h18" /> <path d="M3 19h7" />
    </>
  ),
  user: () => (
    <>
      <path d="M19 21v-2a4 4 0 0 0-4-4H9a4 4 0 0 0-4 4v2" /> <circle cx="12" cy="7" r="4" />
    </>
  ),
  archive: () => (
    <>
      <rect width="20" height="5" x="2" y="3" rx="1" />{' '}
      <path d="M4 8v11a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V8" /> <path d="M10 12h4" />
    </>
  ),
  clock: () => (
    <>
      <circle cx="12" cy="12" r="10" /> <path d="M12 6v6l4 2" />
    </>
  ),
} satisfies Record<string, () => ComponentChild>;

export type IconName = keyof typeof drawings;

/** An icon beside words; it says nothing by itself. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="i" viewBox="0 0 24 24" aria-hidden="true">
      {drawings[name]()}
    </svg>
  );
}
