import { t } from '../words/index.ts';

/** Why a browser cannot come into rooms, and which ones can. */
export function WhyNoSealing() {
  const words = t().noSealing;
  return (
    <>
      <p>{isSecureContext ? words.why : words.insecure}</p>
      {isSecureContext && (
        <div>
          <p>{words.which}:</p>
          <ul class="limits">
            {words.browsers.map((browser) => (
              <li key={browser}>{browser}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
