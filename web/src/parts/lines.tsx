import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

const nearEnd = 60; // pixels from which on one follows what comes

/** What people write, the newest last, which one follows unless one has scrolled back. */
export function Lines(props: {
  label: string;
  newest: string;
  /** What stands there before anybody has written. */
  empty: ComponentChildren;
  /** By what the last line is known, and whether one goes to it in any case. */
  last: number | undefined;
  toLast?: boolean | undefined;
  children: ComponentChildren[];
}) {
  const scroll = useRef<HTMLDivElement>(null);
  const [behind, setBehind] = useState(false);
  const follows = useRef(true);
  const toEnd = () => scroll.current?.scrollTo({ top: scroll.current.scrollHeight });
  useLayoutEffect(() => {
    if (follows.current || props.toLast) toEnd();
    else setBehind(true);
  }, [props.last]);
  const scrolled = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = scroll.current ?? {};
    follows.current = scrollHeight - scrollTop - clientHeight < nearEnd;
    if (follows.current) setBehind(false);
  };
  return (
    <>
      <div
        class="lines"
        ref={scroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be reached by keys
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={props.label}
        data-test="lines"
        onScroll={scrolled}
      >
        {props.children.length === 0 ? (
          <div class="lines-empty stack close">{props.empty}</div>
        ) : (
          <ol>{props.children}</ol>
        )}
      </div>
      {behind && (
        <button type="button" class="btn s to-newest" onClick={toEnd}>
          <Icon name="chevron-down" />
          {props.newest}
        </button>
      )}
    </>
  );
}
