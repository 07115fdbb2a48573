import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * When what was pressed is gone from a list of so many, the focus would be
 * nowhere: then it comes to the heading of the screen, which does not move.
 */
export function useFocusNotLost(count: number): void {
  const before = useRef(count);
  useLayoutEffect(() => {
    const fewer = count < before.current;
    before.current = count;
    if (!fewer || document.activeElement !== document.body) return;
    document.querySelector<HTMLElement>('h1[tabindex]')?.focus({ preventScroll: true });
  }, [count]);
}
