import { useEffect, useRef } from 'preact/hooks';

/** Arrow keys, Home and End choose among the tabs in an element, which is one tab stop. */
export function useTabs<E extends HTMLElement>() {
  const list = useRef<E>(null);
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const pressed = (event: KeyboardEvent) => {
      const tabs = [...element.querySelectorAll<HTMLElement>('[role=tab]')];
      const from = tabs.indexOf(event.target as HTMLElement);
      const steps: Record<string, number> = {
        ArrowRight: from + 1,
        ArrowLeft: from - 1,
        Home: 0,
        End: tabs.length - 1,
      };
      const step = steps[event.key];
      if (from < 0 || step === undefined) return;
      event.preventDefault();
      const next = tabs[(step + tabs.length) % tabs.length];
      next?.focus();
      next?.click();
    };
    element.addEventListener('keydown', pressed);
    return () => element.removeEventListener('keydown', pressed);
  }, []);
  return list;
}
