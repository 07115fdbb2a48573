// Chromium, and what takes the place of sound in it: the double carries none.
import { chromium } from 'playwright-core';

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      '--no-first-run',
      '--disable-sync',
      '--disable-background-networking',
      '--autoplay-policy=no-user-gesture-required',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
    ],
  });

/**
 * In the page, before the app: a connection that is up at once. Its slots hum
 * at steady levels, so that rings can be seen.
 */
export function standIn() {
  window.RTCPeerConnection = class extends EventTarget {
    connectionState = 'new';
    localDescription = { type: 'offer', sdp: 'v=0' };
    #transceivers = [];
    #context = new AudioContext();

    addTransceiver() {
      const hum = new OscillatorNode(this.#context, { frequency: 200 });
      const gain = new GainNode(this.#context, {
        gain: [0, 0.5, 0.04, 0.12][this.#transceivers.length % 4],
      });
      const out = this.#context.createMediaStreamDestination();
      hum.connect(gain).connect(out);
      hum.start();
      const transceiver = {
        sender: { replaceTrack: async () => {} },
        receiver: { track: out.stream.getAudioTracks()[0] },
      };
      this.#transceivers.push(transceiver);
      return transceiver;
    }
    getTransceivers() {
      return this.#transceivers;
    }
    async createOffer() {
      return this.localDescription;
    }
    async setLocalDescription() {}
    async setRemoteDescription() {
      this.connectionState = 'connected';
      this.onconnectionstatechange?.();
    }
    async getStats() {
      return new Map();
    }
    close() {
      this.connectionState = 'closed';
      this.#context.close();
    }
  };
}
