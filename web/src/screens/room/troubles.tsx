import type { Seat } from '@stoa/client';
import {
  act,
  microphoneTrouble,
  microphoneTroubleWords,
  openMicrophone,
} from '../../models/stage.ts';
import { Icon } from '../../parts/icon.tsx';
import { useLasting } from '../../parts/lasting.ts';
import { t } from '../../words/index.ts';
import { LockTroubles } from './lock.tsx';

/** What keeps one from hearing or being heard, and what to do about it. */
export function Troubles({ seat }: { seat: Seat }) {
  const words = t().trouble;
  const silent = useLasting(seat.media.value !== 'connected', 3_000);
  if (seat.state.value === 'reconnecting') {
    return (
      <p class="banner" data-test="reconnecting">
        <Icon name="wifi-off" />
        <span class="grow">{words.reconnecting}</span>
      </p>
    );
  }
  return (
    <>
      {seat.media.value === 'refused' ? (
        <p class="banner" data-test="no-sound">
          <Icon name="triangle-alert" />
          <span class="grow">{words.noSoundEver}</span>
        </p>
      ) : (
        silent && (
          <p class="banner" data-test="no-sound">
            <Icon name="triangle-alert" />
            <span class="grow">{words.noSound}</span>
          </p>
        )
      )}
      <LockTroubles seat={seat} />
      {seat.playbackBlocked.value && (
        <div class="banner now" data-test="playback-blocked">
          <Icon name="volume-2" />
          <span class="grow">{words.blocked}</span>
          <button
            type="button"
            class="btn s live"
            data-test="tap-to-hear"
            onClick={() => void act((s) => s.startPlayback())}
          >
            {words.tapToHear}
          </button>
        </div>
      )}
      {microphoneTrouble.value && (
        <div class="banner" data-test="microphone-trouble">
          <Icon name="mic-off" />
          <span class="grow">{microphoneTroubleWords()}</span>
          <button type="button" class="btn s" onClick={() => void openMicrophone()}>
            {t().again}
          </button>
        </div>
      )}
    </>
  );
}
