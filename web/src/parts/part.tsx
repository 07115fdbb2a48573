import type { ComponentChildren } from 'preact';

/** A part of a screen: a heading, and a list of what is under it. */
export function Part({
  title,
  test,
  children,
}: {
  title: string;
  test: string;
  children: ComponentChildren[];
}) {
  return (
    <section data-test={test}>
      <h2 class="sub bare-sub">{title}</h2>
      <ul class="list">
        {children.map((child, n) => (
          <li key={n}>{child}</li>
        ))}
      </ul>
    </section>
  );
}
