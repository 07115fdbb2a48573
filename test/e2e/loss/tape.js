// Runs in the audio thread: records so many inputs as it is told, until told 0.
class Tape extends AudioWorkletProcessor {
  #parts = []; // by input

  constructor() {
    super();
    this.port.onmessage = ({ data: inputs }) => {
      if (inputs === 0) this.port.postMessage(this.#parts.map(joined));
      this.#parts = Array.from({ length: inputs }, () => []);
    };
  }

  process(inputs) {
    for (const [i, parts] of this.#parts.entries()) {
      const samples = inputs[i]?.[0] ?? new Float32Array(128);
      parts.push(Int16Array.from(samples, (s) => Math.round(32767 * Math.max(-1, Math.min(1, s)))));
    }
    return true;
  }
}

function joined(parts) {
  const all = new Int16Array(parts.length * 128);
  for (const [n, part] of parts.entries()) all.set(part, n * 128);
  return all;
}

registerProcessor('tape', Tape);
