import { type Task, work } from './work.ts';

self.onmessage = ({ data }: MessageEvent<Task>) => self.postMessage(work(data));
