/** Languages to choose from: the large ones, those of Europe, and some that are signed. BCP 47. */
export const spoken =
  'af am ar az be bg bn bs ca cs cy da de dsb el en es et eu fa fi fil fo fr fy ga gd gl gsw gu ha he hi hr hsb hu hy id ig is it ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my nb nds ne nl nn oc pa pl ps pt rm ro rom ru rw se si sk sl so sq sr sv sw ta te tg th ti tk tr tt uk ur uz vi wo xh yi yo yue zh zu ase bfi gsg'.split(
    ' ',
  );
