import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** True once `now` has been so for `wait` milliseconds: a blink is no trouble. */
export function useLasting(now: boolean, wait: number): boolean {
  const lasting = useSignal(false);
  useEffect(() => {
    if (!now) {
      lasting.value = false;
      return;
    }
    const timer = setTimeout(() => {
      lasting.value = true;
    }, wait);
    return () => clearTimeout(timer);
  }, [now, wait, lasting]);
  return now && lasting.value;
}
