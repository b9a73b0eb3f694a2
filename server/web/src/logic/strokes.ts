/** A signature's pen strokes as vector paths. Pure. */

import type { SignatureFact, StrokePoint } from '../types';

export interface Drawing {
  viewBox: string;
  /** Path data, and the pen's width in the drawing's own units. */
  paths: { d: string; width: number }[];
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Pieces of one stroke share a width as long as the pressure stays about the same. */
const PRESSURE_STEPS = 4;

export function drawing(signature: Pick<SignatureFact, 'strokes' | 'canvas'>): Drawing | null {
  const strokes = (signature.strokes ?? []).filter((stroke) => stroke.length > 0);
  const points = strokes.flat();
  if (points.length === 0) return null;
  const box = frame(points, signature.canvas);
  const pen = Math.max(box.width / 160, box.height / 60);
  const pressureMax = Math.max(...points.map((point) => point.p), 0) || 1;
  return {
    viewBox: `${box.x} ${box.y} ${box.width} ${box.height}`,
    paths: strokes.flatMap((stroke) => pieces(stroke, pen, pressureMax)),
  };
}

/** The canvas it was drawn on, unless points lie outside of it: then what was drawn, with a margin. */
function frame(points: readonly StrokePoint[], canvas: { width: number; height: number } | null): Box {
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  if (canvas !== null && left >= 0 && top >= 0 && right <= canvas.width && bottom <= canvas.height) {
    return { x: 0, y: 0, width: canvas.width, height: canvas.height };
  }
  const margin = Math.max(right - left, bottom - top, 1) * 0.08;
  return { x: left - margin, y: top - margin, width: right - left + 2 * margin, height: bottom - top + 2 * margin };
}

function pieces(stroke: readonly StrokePoint[], pen: number, pressureMax: number): Drawing['paths'] {
  const first = stroke[0];
  if (first === undefined) return [];
  // A dot of the pen has no length; a round cap makes it visible.
  if (stroke.length === 1) return [{ d: `M${first.x} ${first.y}h0.01`, width: pen * 1.4 }];
  const result: Drawing['paths'] = [];
  let step = -1;
  let from = first;
  stroke.slice(1).forEach((to, index) => {
    const next = Math.round((to.p / pressureMax) * PRESSURE_STEPS);
    const middle = midpoint(stroke[index] ?? to, to);
    const last = result.at(-1);
    const curve = `Q${from.x} ${from.y} ${middle.x} ${middle.y}`;
    if (last === undefined || next !== step) {
      const start = index === 0 ? first : midpoint(stroke[index - 1] ?? first, from);
      result.push({ d: `M${start.x} ${start.y}${curve}`, width: pen * (0.6 + (0.8 * next) / PRESSURE_STEPS) });
    } else {
      last.d += curve;
    }
    step = next;
    from = to;
  });
  const last = result.at(-1);
  if (last !== undefined) last.d += `L${from.x} ${from.y}`;
  return result;
}

function midpoint(one: StrokePoint, other: StrokePoint): { x: number; y: number } {
  return { x: round((one.x + other.x) / 2), y: round((one.y + other.y) / 2) };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
