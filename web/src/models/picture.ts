/** A picture of somebody, before it is sent. */

/** Pixels of the square that is shown, and sent where the file itself cannot be. */
const side = 1024;
const bytesMax = 8 << 20;
/** What every node can read. */
const known = ['image/jpeg', 'image/png', 'image/webp', 'image/gif'];

export interface Chosen {
  /** Its middle, to look at. The content security policy allows no `blob:` addresses. */
  preview: HTMLCanvasElement;
  sent: Blob;
}

/** Nothing that this browser can read as a picture. */
export class NoPicture extends Error {}

/**
 * Reads a file as a picture. What is sent is only the square that is shown,
 * without what a camera writes beside it, such as the place. Browsers that
 * give nothing true out of a canvas send the file; the node cuts it then.
 */
export async function readPicture(file: Blob): Promise<Chosen> {
  const picture = await createImageBitmap(file).catch(() => {
    throw new NoPicture();
  });
  const cut = Math.min(picture.width, picture.height);
  const preview = document.createElement('canvas');
  preview.width = preview.height = Math.min(side, cut);
  const context = preview.getContext('2d');
  if (!context) throw new NoPicture();
  context.fillStyle = '#fff'; // behind what is see-through: the node makes a JPEG
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = 'high';
  const [x, y] = [(picture.width - cut) / 2, (picture.height - cut) / 2];
  context.drawImage(picture, x, y, cut, cut, 0, 0, preview.width, preview.height);
  picture.close();
  if (!canvasIsTrue() && known.includes(file.type) && file.size <= bytesMax) {
    return { preview, sent: file };
  }
  const sent = await new Promise<Blob | null>((done) => preview.toBlob(done, 'image/jpeg', 0.92));
  if (!sent) throw new NoPicture();
  return { preview, sent };
}

/** Some browsers, against being recognised, give out something else than was drawn. */
function canvasIsTrue(): boolean {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 8;
  const context = canvas.getContext('2d');
  if (!context) return false;
  context.fillStyle = '#3264c8';
  context.fillRect(0, 0, 8, 8);
  const { data } = context.getImageData(0, 0, 8, 8);
  return data.every((value, n) => value === [0x32, 0x64, 0xc8, 0xff][n % 4]);
}
