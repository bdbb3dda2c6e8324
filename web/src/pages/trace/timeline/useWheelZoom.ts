// The wheel over the bars: with Ctrl or ⌘ it zooms around the pointer, with Shift it moves along. Without, it scrolls.
import { useEffect, useRef, type RefObject } from 'react';
import { pan, zoomAround } from '@/model/trace/scale';
import type { Zoom } from '../url';

/** How much a notch of a wheel, about 100 pixels, zooms. */
const STEP = 1.25;
const NOTCH_PX = 100;

interface Wheel {
  zoom: Zoom | null;
  /** Nanoseconds. */
  whole: number;
  /** Where the bars begin, of the width. */
  names: number;
  onZoom: (zoom: Zoom | null) => void;
}

export function useWheelZoom(host: RefObject<HTMLElement | null>, wheel: Wheel): void {
  const latest = useRef(wheel);
  useEffect(() => {
    latest.current = wheel;
  });
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const turn = (event: WheelEvent): void => {
      const isZoom = event.ctrlKey || event.metaKey;
      if (!isZoom && !event.shiftKey) return;
      const { zoom, whole, names, onZoom } = latest.current;
      const piece = zoom ?? { from: 0, to: whole };
      const box = element.getBoundingClientRect();
      const lane = element.clientWidth * (1 - names);
      const place = (event.clientX - box.left - element.clientWidth * names) / lane;
      if (place < 0 || place > 1) return;
      event.preventDefault();
      const notches = (event.deltaY === 0 ? event.deltaX : event.deltaY) / NOTCH_PX;
      const length = piece.to - piece.from;
      if (isZoom) onZoom(zoomAround(piece, piece.from + place * length, STEP ** notches, whole));
      else if (zoom !== null) onZoom(pan(piece, notches * length * 0.1, whole));
    };
    // The browser's own zoom must be kept from it, which a passive listener cannot.
    element.addEventListener('wheel', turn, { passive: false });
    return () => element.removeEventListener('wheel', turn);
  }, [host]);
}
