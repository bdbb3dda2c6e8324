import { expect, it } from 'vitest';
import { tipOfCall, tipOfNode } from './tip';

const box = { width: 1000, height: 600 };

it('stands above a node, and below its name where there is no room', () => {
  expect(tipOfNode({ x: 500, y: 300 }, 1, box)).toEqual({ left: 390, bottom: 338 });
  expect(tipOfNode({ x: 500, y: 60 }, 1, box)).toEqual({ left: 390, top: 126 });
  expect(tipOfNode({ x: 20, y: 300 }, 1, box).left).toBe(8);
  expect(tipOfNode({ x: 990, y: 300 }, 1, box).left).toBe(772);
});

it('leaves both ends of a call free', () => {
  // Rising: the end on the right lies above, so the words stand below.
  expect(tipOfCall({ x: 300, y: 400 }, { x: 500, y: 200 }, box)).toEqual({ left: 410, top: 334 });
  expect(tipOfCall({ x: 300, y: 200 }, { x: 500, y: 400 }, box)).toEqual({ left: 410, bottom: 334 });
  expect(tipOfCall({ x: 300, y: 300 }, { x: 500, y: 300 }, box)).toEqual({ left: 410, bottom: 334 });
  // At the right edge they stand on the left, where the caller is.
  expect(tipOfCall({ x: 780, y: 200 }, { x: 980, y: 400 }, box)).toEqual({ right: 130, top: 334 });
});
