#!/usr/bin/env python3
"""A client of Stoa in Python, from docs/protocol and nothing else.

    client.py speak  HOUSE INVITE NAME           opens a room, sends a tone, brings
                                                 up whoever raises a hand
    client.py listen HOUSE INVITE NAME ROOM N    hears the room until N voices have
                                                 carried the tone for six seconds

It signs up with a recovery code, so that it needs no passkey. What it has to
say it prints as lines of JSON. It needs aiohttp and aiortc (Debian:
python3-aiohttp, python3-aiortc).
"""

import asyncio
import fractions
import json
import sys
import time

import aiohttp
import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

SLOTS = 8
RATE = 48000
TONE_HZ = 700
WINDOW = RATE // 10  # samples; the tone must be in each
LISTEN_SECONDS = 6


class Problem(Exception):
    """The node refused (RFC 9457)."""


class Tone(MediaStreamTrack):
    """A microphone in front of a tuning fork."""

    kind = "audio"
    FRAME = RATE // 50

    def __init__(self):
        super().__init__()
        self.sent = 0
        self.started = None

    async def recv(self):
        if self.started is None:
            self.started = time.monotonic()
        await asyncio.sleep(self.started + self.sent / RATE - time.monotonic())
        phase = 2 * np.pi * TONE_HZ * (np.arange(self.FRAME) + self.sent) / RATE
        samples = (8000 * np.sin(phase)).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.sent, fractions.Fraction(1, RATE)
        self.sent += self.FRAME
        return frame


class Client:
    """One person in one room."""

    def __init__(self, http, house):
        self.http = http
        self.api = house + "/api/v1"
        self.me = None
        self.live = None
        self.waiting = {}  # number of a request -> its reply to come
        self.slots = [None] * SLOTS  # who is in which
        self.happened = asyncio.Queue()  # events of the room
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.background = []

    async def call(self, path, body):
        async with self.http.post(self.api + path, json=body) as response:
            answer = await response.json(content_type=None)
            if response.status >= 400:
                raise Problem(answer["code"])
            return answer

    async def sign_up(self, invite, name):
        up = await self.call("/signup/recovery", {"invite": invite, "name": name})
        self.me = up["me"]["id"]

    async def enter(self, room):
        grant = await self.call(f"/rooms/{room}/grants", {})
        self.live = await self.http.ws_connect(self.api + "/live")
        self.background.append(asyncio.create_task(self.read()))
        await self.ask("enter", grant=grant["grant"])

        self.pc.addTransceiver("audio", direction="sendrecv")
        for _ in range(SLOTS):
            self.pc.addTransceiver("audio", direction="recvonly")
        await self.pc.setLocalDescription(await self.pc.createOffer())
        answer = await self.ask("offer", sdp=self.pc.localDescription.sdp)
        await self.pc.setRemoteDescription(RTCSessionDescription(answer["answer"]["sdp"], "answer"))

    async def ask(self, name, **body):
        number = len(self.waiting) + 1
        self.waiting[number] = asyncio.get_running_loop().create_future()
        await self.live.send_json({"id": number, name: body})
        reply = await asyncio.wait_for(self.waiting[number], 10)
        if "problem" in reply:
            raise Problem(reply["problem"]["code"])
        return reply

    async def read(self):
        async for message in self.live:
            said = json.loads(message.data)
            if "re" in said:
                self.waiting[said["re"]].set_result(said)
            elif "voices" in said:
                self.slots = said["voices"]["slots"]
            elif "seq" in said:
                self.happened.put_nowait(said)

    def microphone(self):
        return self.pc.getTransceivers()[0].sender

    def ears(self):
        return [t.receiver.track for t in self.pc.getTransceivers()[1:]]

    async def close(self):
        for task in self.background:
            task.cancel()
        await self.pc.close()
        if self.live:
            await self.live.close()


def tell(**what):
    print(json.dumps(what), flush=True)


async def speak(client):
    invites = [await client.call("/me/invites", {}) for _ in range(2)]
    room = await client.call("/rooms", {"title": "aiortc", "visibility": "open"})
    await client.enter(room["id"])
    await client.ask("unmute")
    client.microphone().replaceTrack(Tone())
    tell(room=room["id"], me=client.me, invites=[i["url"].rsplit("/", 1)[1] for i in invites])
    while True:
        event = await client.happened.get()
        if "hand_raised" in event:
            await client.ask("ask_up", who=event["hand_raised"]["who"])


def carries_tone(window):
    """Says whether most of the power of a window is in the tone."""
    power = np.abs(np.fft.rfft(window * np.hanning(len(window)))) ** 2
    bin_ = round(TONE_HZ * len(window) / RATE)
    return power[bin_ - 2 : bin_ + 3].sum() > 0.5 * power.sum() > 0


class Ear:
    """What one voice brings, for six seconds from its first tone on."""

    def __init__(self):
        self.samples = np.zeros(0)
        self.started = None
        self.windows = []

    def hear(self, samples):
        self.samples = np.concatenate([self.samples, samples])
        while len(self.samples) >= WINDOW and not self.full():
            window, self.samples = self.samples[:WINDOW], self.samples[WINDOW:]
            tone = bool(carries_tone(window))
            if self.started is None and tone:
                self.started = time.monotonic()
            if self.started is not None:
                self.windows.append(tone)

    def full(self):
        return self.started is not None and time.monotonic() - self.started >= LISTEN_SECONDS

    def share(self):
        # What did not come at all is missing too.
        expected = LISTEN_SECONDS * RATE // WINDOW
        return min(1.0, sum(self.windows) / expected)


async def listen(client, room, count):
    await client.enter(room)
    ears = {}

    async def hear(slot, track):
        while True:
            frame = await track.recv()
            samples = frame.to_ndarray().astype(float).flatten()
            if frame.layout.name == "stereo":
                samples = samples[::2]
            if client.slots[slot]:
                ears.setdefault(client.slots[slot], Ear()).hear(samples)

    client.background += [asyncio.create_task(hear(i, t)) for i, t in enumerate(client.ears())]
    tell(listening=True)
    while sum(ear.full() for ear in ears.values()) < count:
        await asyncio.sleep(0.1)
    tell(heard={who: round(ear.share(), 3) for who, ear in ears.items()})


async def main(what, house, invite, name, *rest):
    async with aiohttp.ClientSession() as http:
        client = Client(http, house)
        try:
            await client.sign_up(invite, name)
            if what == "speak":
                await speak(client)
            else:
                await listen(client, rest[0], int(rest[1]))
        finally:
            await client.close()


if __name__ == "__main__":
    if len(sys.argv) not in (5, 7) or sys.argv[1] not in ("speak", "listen"):
        sys.exit(__doc__)
    asyncio.run(main(*sys.argv[1:]))
