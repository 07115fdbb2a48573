/** The marks of the house: all our own drawings. The word is outlined from Commissioner. */

const columns = 'M3 6h42v5H3zM4.5 14h5v28h-5zM13 14h5v28h-5zM21.5 14h5v28h-5zM38.5 14h5v28h-5z';
const person = 'M32.5 18.5a3.7 3.7 0 1 1 0 7.4 3.7 3.7 0 0 1 0-7.4zM29.5 42V31.5a3 3 0 0 1 6 0V42z';
const word =
  'M69.66 42.28Q67.22 42.28 65.15 41.95Q63.08 41.63 61.42 41.21Q59.75 40.78 58.53 40.5L59.01 34.04Q60.78 34.8 62.67 35.39Q64.56 35.97 66.36 36.32Q68.17 36.66 69.62 36.66Q71.06 36.59 72.24 36.19Q73.41 35.79 74.1 34.94Q74.79 34.09 74.79 32.71Q74.79 31.35 73.93 30.44Q73.07 29.53 71.42 28.85Q69.78 28.18 67.52 27.51Q64.51 26.64 62.37 25.46Q60.23 24.29 59.12 22.5Q58 20.7 58 17.83Q58 15.02 59.24 12.86Q60.48 10.7 63.03 9.48Q65.57 8.26 69.36 8.26Q70.72 8.26 72.22 8.45Q73.71 8.65 75.17 8.95Q76.63 9.25 77.91 9.58Q79.18 9.91 80.1 10.17L79.58 16.56Q77.53 15.66 75.71 15.08Q73.89 14.49 72.46 14.2Q71.02 13.92 70.21 13.92Q68.83 13.96 67.72 14.38Q66.6 14.79 65.94 15.6Q65.27 16.4 65.27 17.62Q65.27 18.84 65.92 19.65Q66.58 20.47 67.99 21.1Q69.41 21.74 71.62 22.43Q75.55 23.62 77.83 24.9Q80.1 26.18 81.06 27.96Q82.01 29.74 82.01 32.41Q82.01 35.38 80.72 37.58Q79.44 39.79 76.71 41.03Q73.99 42.28 69.66 42.28ZM95.07 42.3Q92.44 42.3 90.66 41.52Q88.88 40.73 87.97 39.05Q87.06 37.38 87.06 34.64Q87.06 33.05 87.08 31.4Q87.11 29.74 87.13 27.98Q87.15 26.22 87.18 24.34Q87.2 22.45 87.2 20.38Q87.2 17.83 87.07 15.72Q86.95 13.62 86.67 11.39L93.87 10.14Q93.69 11.92 93.57 13.5Q93.46 15.09 93.41 16.75Q93.36 18.4 93.36 20.38L93.36 32.73Q93.36 34.92 94.2 36.03Q95.04 37.15 96.81 37.15Q97.48 37.15 98.44 36.84Q99.39 36.53 100.22 36.02L100.59 41.24Q100.01 41.47 99.1 41.7Q98.19 41.93 97.14 42.11Q96.08 42.3 95.07 42.3ZM83.34 24.04L83.34 18.77L100.45 18.77L100.45 24.04Q98.26 23.71 96.05 23.55Q93.85 23.39 91.78 23.37L89.02 23.37ZM114.79 42.3Q111.73 42.3 109.46 41.31Q107.18 40.32 105.67 38.62Q104.17 36.92 103.42 34.73Q102.67 32.55 102.67 30.15Q102.67 26.73 104.06 24.01Q105.45 21.3 108.13 19.74Q110.81 18.17 114.68 18.17Q117.64 18.17 119.9 19.08Q122.15 19.99 123.67 21.62Q125.19 23.25 125.95 25.44Q126.71 27.62 126.71 30.15Q126.71 33.6 125.3 36.35Q123.9 39.1 121.23 40.7Q118.56 42.3 114.79 42.3ZM114.77 37.15Q116.63 37.05 117.87 36.1Q119.12 35.15 119.73 33.59Q120.33 32.04 120.33 30.15Q120.33 28.15 119.69 26.66Q119.05 25.16 117.8 24.31Q116.56 23.46 114.77 23.32Q112.91 23.42 111.63 24.31Q110.35 25.21 109.71 26.72Q109.06 28.22 109.06 30.15Q109.06 31.99 109.7 33.55Q110.33 35.1 111.61 36.08Q112.88 37.05 114.77 37.15ZM136.27 42.23Q134.34 42.23 132.82 41.41Q131.31 40.6 130.46 39.08Q129.6 37.56 129.6 35.44Q129.6 33.51 130.27 32.19Q130.94 30.87 132.03 30.04Q133.12 29.21 134.45 28.76Q135.77 28.31 137.08 28.11L143.57 27.1Q143.61 25.67 142.96 24.84Q142.3 24.01 141.2 23.67Q140.09 23.32 138.8 23.32Q138.37 23.32 137.52 23.5Q136.67 23.67 135.55 23.97Q134.43 24.27 133.23 24.66Q132.02 25.05 130.87 25.53L130.59 19.8Q131.42 19.57 132.57 19.3Q133.72 19.02 135.03 18.77Q136.34 18.52 137.71 18.34Q139.08 18.17 140.41 18.17Q143.27 18.17 145.32 19.02Q147.38 19.87 148.49 21.67Q149.59 23.46 149.59 26.34Q149.59 27.46 149.52 29.05Q149.45 30.64 149.45 31.99L149.45 34.09Q149.45 35.77 149.79 37.68Q150.12 39.58 150.93 41.7L144.74 41.7L143.86 38.78L143.38 38.78Q142.71 39.56 141.56 40.35Q140.41 41.15 139.06 41.69Q137.7 42.23 136.27 42.23ZM138.62 37.35Q139.31 37.35 140.2 36.93Q141.08 36.5 141.93 35.72Q142.78 34.94 143.38 33.88L143.4 30.29Q143.11 30.5 142.63 30.68Q142.16 30.87 141.25 31.07Q140.35 31.28 138.74 31.58Q137.82 31.74 137.16 32.16Q136.5 32.57 136.16 33.24Q135.81 33.9 135.81 34.78Q135.81 36.18 136.67 36.77Q137.52 37.35 138.62 37.35Z';

export function Wordmark() {
  return (
    <svg class="mark" viewBox="0 0 153 48" role="img" aria-label="Stoa">
      <g fill="currentColor">
        <path d={columns} />
        <path d={word} />
      </g>
      <path fill="var(--live)" d={person} />
    </svg>
  );
}

/** The porch on the stub of a ticket; somebody stands in it. */
export function TicketPorch() {
  return (
    <svg viewBox="0 0 50 92" aria-hidden="true" fill="currentColor">
      <path d="M0 0h50v5H0zM2 9h6v83H2zM12 9h6v83h-6zM22 9h6v83h-6zM42 9h6v83h-6zM33 58a3 3 0 0 1 6 0v34h-6z" />
      <circle cx="36" cy="47" r="4.5" />
    </svg>
  );
}

/** Five columns as high as a room is loud; all alike where that is not known. */
export function Columns({ heights = [9, 9, 9, 9, 9] }: { heights?: readonly number[] }) {
  const strokes = heights.map((height, n) => `M${1.5 + n * 4} 14V${14 - height}`);
  return (
    <svg class="cols" viewBox="0 0 19 14" aria-hidden="true">
      <path d={strokes.join('')} />
    </svg>
  );
}

/** The sign of a moderator. */
export function Laurel() {
  return (
    <svg class="laurel" viewBox="0 0 16 16" aria-hidden="true">
      {leaves.map((leaf) => (
        <ellipse key={leaf.transform} {...leaf} />
      ))}
    </svg>
  );
}

const leaves = [-1, 1].flatMap((side) =>
  [24, 62, 100, 138].map((degrees, n) => {
    const angle = (degrees * Math.PI) / 180;
    const cx = (8 + side * 6 * Math.sin(angle)).toFixed(1);
    const cy = (8 + 6 * Math.cos(angle)).toFixed(1);
    const turn = (side * (-degrees - 24) + (side < 0 ? 180 : 0)).toFixed(0);
    const rx = n > 2 ? 1.8 : 2.3;
    return { cx, cy, rx, ry: 1.15, transform: `rotate(${turn} ${cx} ${cy})` };
  }),
);

/** The porch at sundown. `people` stand in it, each at an x between 0 and 390. */
export function Scene({ people = [] }: { people?: readonly number[] }) {
  return (
    <svg
      class="scene"
      viewBox="0 0 390 232"
      preserveAspectRatio="xMidYMax slice"
      aria-hidden="true"
    >
      <path fill="var(--raised)" d="M0 0h390v180H0z" />
      <circle cx={sun} cy="146" r="27" fill="var(--live)" />
      <path fill="var(--sunk)" d="M0 150h390v30H0z" />
      <path
        stroke="var(--live)"
        stroke-width="2"
        d={`M${sun - 22} 157h44M${sun - 14} 164h30M${sun - 6} 171h12`}
      />
      <path fill="var(--live-2)" d="M0 180h390v52H0z" />
      {pillars.map((x) => (
        <Shadow key={x} x={x} half={9} />
      ))}
      {people.map((x) => (
        <Shadow key={x} x={x} half={4} />
      ))}
      {pillars.map((x) => (
        <path
          key={x}
          fill="var(--c)"
          d={`M${x - 15} 24h30v6h-30zM${x - 8} 33h16c.5 50 2 100 2.5 142h-21C${x - 10} 133 ${x - 8.5} 83 ${x - 8} 33zM${x - 14} 176h28v5h-28z`}
        />
      ))}
      <path fill="var(--c)" d="M0 0h390v15H0zM0 19h390v2H0z" />
      {people.map((x) => (
        <g key={x} fill="var(--ink)">
          <circle cx={x} cy="135" r="6" />
          <path d={`M${x - 5} 181v-28a5 5 0 0 1 10 0v28z`} />
        </g>
      ))}
    </svg>
  );
}

const sun = 236;
const pillars = [39, 117, 195, 273, 351];

function Shadow({ x, half }: { x: number; half: number }) {
  const far = (px: number) => (sun + (px - sun) * 2.1).toFixed(1);
  return (
    <path
      fill="var(--sunk)"
      d={`M${x - half} 180H${x + half}L${far(x + half)} 232H${far(x - half)}Z`}
    />
  );
}
