// Moving about a picture: drag, wheel, keys.
import { useCallback, useEffect, useRef, useState, type PointerEvent, type RefObject } from 'react';
import { fit, zoomAt, type View } from '@/model/map/draw';

interface Size {
  width: number;
  height: number;
}

export interface PanZoom {
  view: View;
  isDragging: boolean;
  zoomBy: (factor: number) => void;
  fitAll: () => void;
  handlers: {
    onPointerDown: (event: PointerEvent) => void;
    onPointerMove: (event: PointerEvent) => void;
    onPointerUp: (event: PointerEvent) => void;
    onPointerCancel: () => void;
  };
}

/** A drag shorter than this is a click. */
const DRAG_PX_MIN = 4;

/** `box` is the element, `content` what is drawn in it; `stamp` tells when it is another picture. */
export function usePanZoom(svg: RefObject<SVGSVGElement | null>, box: Size, content: Size, stamp: string): PanZoom {
  const [moved, setMoved] = useState<{ stamp: string; view: View } | null>(null);
  const [drag, setDrag] = useState<{ x: number; y: number; view: View; isFar: boolean } | null>(null);
  // Until it is moved by hand it is all in sight, whatever its size.
  const view = moved?.stamp === stamp ? moved.view : fit(content, box);
  const latest = useRef(view);
  useEffect(() => {
    latest.current = view;
  });
  const set = useCallback((next: View) => setMoved({ stamp, view: next }), [stamp]);

  useEffect(() => {
    const element = svg.current;
    if (element === null) return undefined;
    // React listens passively: only here the page can be kept from scrolling.
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const at = element.getBoundingClientRect();
      const factor = Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015));
      set(zoomAt(latest.current, { x: event.clientX - at.left, y: event.clientY - at.top }, factor));
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [svg, set, box.width]);

  return {
    view,
    isDragging: drag?.isFar === true,
    zoomBy: (factor) => set(zoomAt(view, { x: box.width / 2, y: box.height / 2 }, factor)),
    fitAll: () => setMoved(null),
    handlers: {
      onPointerDown: (event) => setDrag({ x: event.clientX, y: event.clientY, view, isFar: false }),
      onPointerMove: (event) => {
        if (drag === null) return;
        const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
        if (!drag.isFar && Math.hypot(dx, dy) < DRAG_PX_MIN) return;
        if (!drag.isFar) {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ ...drag, isFar: true });
        }
        set({ ...drag.view, x: drag.view.x + dx, y: drag.view.y + dy });
      },
      onPointerUp: () => setDrag(null),
      onPointerCancel: () => setDrag(null),
    },
  };
}
