// What is added to a page before the app: it hears what the app plays, whatever
// connection that comes by, and knows for how long nothing new was to be heard.
// The app does not know of it.

export const worklet = `(${worklets})()`;

/** Runs in the audio thread: for how long all inputs are silent. */
function worklets() {
  const loudPower = 1e-5; // -50 dBFS

  class Gaps extends AudioWorkletProcessor {
    #last = 0; // when something was heard
    #from = 0; // of what is asked about
    #longest = 0;
    #heard = 0; // seconds with sound

    constructor() {
      super();
      this.port.onmessage = ({ data }) => {
        if (data === 'mark') {
          this.#from = currentTime;
          this.#longest = 0;
          this.#heard = 0;
        }
        this.port.postMessage({
          longest: Math.max(this.#longest, currentTime - Math.max(this.#last, this.#from)),
          quiet: currentTime - this.#last,
          heard: this.#heard,
          passed: currentTime - this.#from,
        });
      };
    }

    process([input]) {
      const samples = input?.[0] ?? [];
      let power = 0;
      for (const sample of samples) power += sample * sample;
      if (power / 128 > loudPower) {
        this.#longest = Math.max(this.#longest, currentTime - Math.max(this.#last, this.#from));
        this.#last = currentTime;
        this.#heard += 128 / sampleRate;
      }
      return true;
    }
  }
  registerProcessor('gaps', Gaps);
}

/** Runs in the page, before the app. */
export function install({ worklet }) {
  const peers = [];
  const last = new Map(); // what was counted when a connection was closed
  const plugged = new Map(); // by player
  let context;
  let ear;

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
      super(...args);
      peers.push(this);
    }
    close() {
      last.set(this, super.getStats());
      super.close();
    }
  };

  async function listen() {
    context = new AudioContext({ sampleRate: 48000 });
    const script = new Blob([worklet], { type: 'text/javascript' });
    await context.audioWorklet.addModule(URL.createObjectURL(script));
    ear = new AudioWorkletNode(context, 'gaps');
    ear.connect(context.destination); // silence, but it keeps the ear awake
  }
  const listening = new Promise((resolve) => {
    document.addEventListener('DOMContentLoaded', () => resolve(listen()), { once: true });
  });

  const { set, get } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject');
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', {
    get,
    set(stream) {
      set.call(this, stream);
      void plug(this, stream);
    },
  });

  async function plug(player, stream) {
    await listening;
    plugged.get(player)?.disconnect();
    plugged.delete(player);
    if (!stream?.getAudioTracks().length) return;
    const source = context.createMediaStreamSource(stream);
    source.connect(ear);
    plugged.set(player, source);
  }

  const ask = (what) =>
    new Promise((resolve) => {
      ear.port.onmessage = ({ data }) => resolve(data);
      ear.port.postMessage(what);
    });

  /** How much the browser has made up so far, in ms, and what it has lost. */
  async function counted() {
    const sum = { made: 0, all: 0, lost: 0, packets: 0 };
    for (const peer of peers) {
      for (const entry of (await (last.get(peer) ?? peer.getStats())).values()) {
        if (entry.type !== 'inbound-rtp') continue;
        sum.made += (entry.concealedSamples - entry.silentConcealedSamples) / 48;
        sum.all += entry.totalSamplesReceived / 48;
        sum.lost += entry.packetsLost;
        sum.packets += entry.packetsReceived;
      }
    }
    return sum;
  }

  let before;
  let began;

  window.gaps = {
    /** Begins anew. */
    async mark() {
      await listening;
      await ask('mark');
      before = await counted();
      began = performance.now();
    },
    /**
     * Since then, in ms: the longest time without sound, for how long there has
     * been none now, how much the browser has made up, for how long there was
     * sound, and for how long its sound stood still because the machine was busy.
     */
    async tell() {
      const { longest, quiet, heard, passed } = await ask('tell');
      const now = await counted();
      return {
        gap: 1000 * longest,
        quiet: 1000 * quiet,
        heard: 1000 * heard,
        stalled: Math.max(0, performance.now() - began - 1000 * passed),
        made: Math.max(0, now.made - before.made),
        packets: now.packets - before.packets,
        lost: now.lost - before.lost,
      };
    },
  };
}
