// What is added to a page before the app: it sees what the app's connections
// do, hears what each slot and the microphone carry, and records it on demand.
// The app does not know of it.

export const worklet = `(${worklets})()`;

/** Runs in the audio thread: says when an input begins and ends to be heard, and records. */
function worklets() {
  const loudPower = 1e-5; // -50 dBFS
  const frame = 480; // samples that are judged together: 10 ms, give or take
  const hangover = 0.1; // seconds

  class Ear extends AudioWorkletProcessor {
    #inputs = [];
    #count = 0;
    #tape;

    constructor({ numberOfInputs }) {
      super();
      for (let i = 0; i < numberOfInputs; i++) {
        this.#inputs.push({ power: 0, loud: false, last: 0 });
      }
      this.port.onmessage = ({ data }) => {
        if (data.record !== undefined) {
          this.#tape = { input: data.record, at: currentTime, parts: [] };
        } else if (this.#tape) {
          this.port.postMessage({ tape: this.#tape });
          this.#tape = undefined;
        }
      };
    }

    process(inputs) {
      for (const [i, input] of this.#inputs.entries()) {
        for (const sample of inputs[i]?.[0] ?? []) input.power += sample * sample;
      }
      this.#count += 128;
      if (this.#count >= frame) this.#judge();
      if (this.#tape)
        this.#tape.parts.push(inputs[this.#tape.input]?.[0]?.slice() ?? new Float32Array(128));
      return true;
    }

    #judge() {
      for (const [i, input] of this.#inputs.entries()) {
        if (input.power / this.#count > loudPower) {
          input.last = currentTime;
          if (!input.loud) this.#say(i, input, true);
        } else if (input.loud && currentTime - input.last > hangover) {
          this.#say(i, input, false);
        }
        input.power = 0;
      }
      this.#count = 0;
    }

    #say(i, input, loud) {
      input.loud = loud;
      this.port.postMessage({ input: i, loud, at: input.last });
    }
  }
  registerProcessor('ear', Ear);
}

/** Runs in the page, before the app. */
export function install({ worklet, slots }) {
  const microphone = slots; // the input after those of the slots
  const peers = [];
  const said = []; // everything the live region has said
  let descriptions = 0;
  let connectedAt = 0;
  let pressedAt = 0;
  let whose = []; // who is in which slot
  const slotOf = new Map(); // and where somebody was last

  /** Milliseconds since 1970, in fractions, the same in all pages of this machine. */
  const now = () => performance.timeOrigin + performance.now();

  const press = () => {
    pressedAt = now();
  };
  window.addEventListener('click', press, { capture: true });

  // --- the connections ---

  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => {
        const { voices } = JSON.parse(data);
        if (!voices) return;
        whose = voices.slots;
        for (const [slot, who] of whose.entries()) if (who) slotOf.set(who, slot);
      });
    }
  };

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
      super(...args);
      peers.push(this);
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected') connectedAt = now();
      });
    }
    addTransceiver(...args) {
      const transceiver = super.addTransceiver(...args);
      const section = this.getTransceivers().length - 1;
      if (section > 0) plug(section - 1, transceiver.receiver.track);
      return transceiver;
    }
    setRemoteDescription(...args) {
      descriptions++;
      return super.setRemoteDescription(...args);
    }
  };

  const { replaceTrack } = RTCRtpSender.prototype;
  RTCRtpSender.prototype.replaceTrack = function (track) {
    plug(microphone, track ?? undefined);
    return replaceTrack.call(this, track);
  };

  // --- the ear ---

  const heard = Array.from({ length: slots + 1 }, () => ({ loud: false, since: 0, last: 0 }));
  const plugged = [];
  let context;
  let ear;
  let tapeDone;
  const offsets = []; // of the clocks, lately

  // The audio clock is read in steps; the smallest distance is the true one.
  // Where the machine is too busy for sound, the audio clock stands still for
  // a while, and the distance grows.
  const offset = () => Math.min(...offsets.map((o) => o.by));
  const compareClocks = () => {
    const time = now();
    offsets.push({ time, by: time - context.currentTime * 1000 });
    while (offsets.length > 3 && offsets[0].time < time - 1000) offsets.shift();
  };

  async function listen() {
    context = new AudioContext({ sampleRate: 48000 });
    const script = new Blob([worklet], { type: 'text/javascript' });
    await context.audioWorklet.addModule(URL.createObjectURL(script));
    ear = new AudioWorkletNode(context, 'ear', { numberOfInputs: slots + 1, numberOfOutputs: 1 });
    ear.connect(context.destination); // silence, but it keeps the ear awake
    compareClocks();
    setInterval(compareClocks, 25);
    ear.port.onmessage = ({ data }) => {
      if (data.tape) {
        tapeDone(data.tape);
        return;
      }
      const at = data.at * 1000 + offset();
      const input = heard[data.input];
      input.loud = data.loud;
      if (data.loud) input.since = at;
      input.last = at;
    };
  }
  const listening = new Promise((resolve) => {
    document.addEventListener('DOMContentLoaded', () => resolve(listen()), { once: true });
  });

  async function plug(input, track) {
    await listening;
    plugged[input]?.source.disconnect();
    plugged[input] = undefined;
    if (!track) return;
    const source = context.createMediaStreamSource(new MediaStream([track]));
    source.connect(ear, 0, input);
    plugged[input] = { source, track };
  }

  // What waits to be heard piles up before the ear when the machine is too busy,
  // and never gets less. Plugged in anew, an input is at the present.
  const freshen = () => Promise.all(plugged.map((p, input) => p && plug(input, p.track)));

  const inputOf = (who) => (who === 'me' ? microphone : slotOf.get(who));

  window.e2e = {
    now,
    freshen,
    said,
    /** How often a connection was told what the other side offers: more than once is renegotiation. */
    descriptions: () => descriptions,
    /** When a button was last pressed. */
    pressedAt: () => pressedAt,
    /** When a connection last came up. */
    connectedAt: () => connectedAt,
    /** When somebody was first heard after a time; nothing if they were not. */
    heardSince(who, since) {
      const input = heard[inputOf(who)];
      if (!input) return undefined;
      return input.loud || input.last >= since ? Math.max(input.since, since) : undefined;
    },
    /** When somebody was last heard, if they have been silent for so many milliseconds. */
    silentSince(who, quiet) {
      const input = heard[inputOf(who)];
      if (!input) return 0;
      return !input.loud && now() - input.last > quiet ? input.last : undefined;
    },
    /** Records somebody, or my own microphone, until stopRecording is called. */
    async record(who) {
      const input = inputOf(who);
      await plug(input, plugged[input].track);
      // While the audio clock stands still, sound waits before the ear and goes
      // on behind it: what counts is the distance at the beginning.
      const before = offset();
      ear.port.postMessage({ record: input });
      window.e2e.stopRecording = async () => {
        const tape = await new Promise((resolve) => {
          tapeDone = resolve;
          ear.port.postMessage({});
        });
        const samples = new Float32Array(tape.parts.length * 128);
        for (const [n, part] of tape.parts.entries()) samples.set(part, n * 128);
        const bytes = new Uint8Array(samples.buffer);
        let text = '';
        for (let i = 0; i < bytes.length; i += 32768) {
          text += String.fromCharCode(...bytes.subarray(i, i + 32768));
        }
        return { at: tape.at * 1000 + before, stalled: offset() - before, samples: btoa(text) };
      };
    },
    /** What the browser has counted about the voice of somebody. */
    async stats(who) {
      const receiver = peers.at(-1).getTransceivers()[1 + slotOf.get(who)].receiver;
      const report = [...(await receiver.getStats()).values()];
      return report.find((entry) => entry.type === 'inbound-rtp');
    },
  };

  new MutationObserver(() => {
    const words = document.querySelector('[data-test="live-region"]')?.textContent?.trim();
    if (words && said.at(-1) !== words) said.push(words);
  }).observe(document, { subtree: true, childList: true, characterData: true });
}
