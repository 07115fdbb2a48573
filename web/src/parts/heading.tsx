import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface HeadingProps {
  children: ComponentChildren;
  /** The room it names: the title on its card becomes this one. */
  room?: string;
  /** Of somebody, beside their face. */
  small?: boolean;
  /** Of a club. */
  club?: boolean;
  test?: string;
}

/** A heading that appears without a way having been gone: the focus that was lost comes here. */
export function Heading({ children, room, small, club, test }: HeadingProps) {
  const element = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    if (document.activeElement === document.body) element.current?.focus({ preventScroll: true });
  }, []);
  return (
    <h1
      ref={element}
      class={room ? 'room-h' : small ? 'h2' : undefined}
      tabIndex={-1}
      style={room ? { viewTransitionName: `room-${room}` } : undefined}
      data-test={test}
      dir={small || club ? 'auto' : undefined}
    >
      {children}
    </h1>
  );
}
