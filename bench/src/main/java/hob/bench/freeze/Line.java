package hob.bench.freeze;

import java.util.List;

/**
 * A straight line through points, by least squares.
 *
 * @param slope per unit of x
 * @param intercept at x = 0
 * @param r2 part of the variance that it explains, 1 when all points lie on it
 */
record Line(double slope, double intercept, double r2) {
  /** A measured point. */
  record Point(double x, double y) {}

  static Line fit(List<Point> points) {
    double meanX = points.stream().mapToDouble(Point::x).average().orElseThrow();
    double meanY = points.stream().mapToDouble(Point::y).average().orElseThrow();
    double xx = 0;
    double xy = 0;
    double yy = 0;
    for (Point p : points) {
      xx += (p.x - meanX) * (p.x - meanX);
      xy += (p.x - meanX) * (p.y - meanY);
      yy += (p.y - meanY) * (p.y - meanY);
    }
    double slope = xx == 0 ? 0 : xy / xx;
    return new Line(slope, meanY - slope * meanX, yy == 0 ? 1 : xy * xy / (xx * yy));
  }
}
