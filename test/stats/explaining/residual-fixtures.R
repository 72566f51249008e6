# Residuals by bins of a number with ties, and by levels: Welch's test (oneway.test), η² (lm) and means of R 4.2. Rscript residual-fixtures.R > residual-fixtures.json
set.seed(12)
n <- 203
x <- round(rexp(n, 0.4), 1)
x[1:60] <- 0
level <- c("north", "south", "east")[1 + (seq_len(n) * 7) %% 3]
residual <- rnorm(n, mean = 0.3 * (x > 3) - 0.2 * (level == "east"), sd = 0.5 + 0.4 * x)

# Fifths of the rows by growing value; equal values are in one.
sorted <- sort(x)
bin <- integer(n)
from <- 1
part <- 0
for (k in 1:5) {
  to <- max(from - 1, floor(k * n / 5))
  while (to >= from && to < n && sorted[to + 1] == sorted[to]) to <- to + 1
  if (to >= from) {
    part <- part + 1
    bin[x >= sorted[from] & x <= sorted[to]] <- part
  }
  from <- to + 1
}
numbers <- function(values) paste0("[", paste(sprintf("%.17g", values), collapse = ", "), "]")
texts <- function(values) paste0("[", paste(sprintf('"%s"', values), collapse = ", "), "]")
about <- function(groups) {
  test <- oneway.test(residual ~ factor(groups))
  sprintf('{"pValue": %.17g, "between": %.17g, "rows": %s, "means": %s, "rootMeanSquares": %s}', test$p.value,
          summary(lm(residual ~ factor(groups)))$r.squared, numbers(table(groups)), numbers(tapply(residual, groups, mean)),
          numbers(tapply(residual, groups, function(r) sqrt(mean(r^2)))))
}
cat(sprintf('{\n  "x": %s,\n  "level": %s,\n  "residual": %s,\n  "ends": %s,\n  "byNumber": %s,\n  "byLevel": %s\n}\n',
            numbers(x), texts(level), numbers(residual), numbers(c(tapply(x, bin, min), tapply(x, bin, max))), about(bin), about(level)))
