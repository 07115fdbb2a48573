import { signal } from '@preact/signals';

/** The microphones that the browser knows. It names them once one was allowed. */
export const microphones = signal<MediaDeviceInfo[]>([]);

/** Looks, now and whenever one is plugged in or out; returns how to stop. */
export function watchMicrophones(): () => void {
  const { mediaDevices } = navigator;
  if (!mediaDevices) return () => {}; // not a secure page
  const look = async () => {
    const devices = await mediaDevices.enumerateDevices();
    microphones.value = devices.filter((d) => d.kind === 'audioinput' && d.deviceId !== '');
  };
  void look();
  mediaDevices.addEventListener('devicechange', look);
  return () => mediaDevices.removeEventListener('devicechange', look);
}
