# Rscript glm-fixtures.R: R 4.2 (glm, lm), MASS (glm.nb), quantreg and sandwich's definitions written out; writes glm.csv and glm-fixtures.json.
suppressMessages({library(MASS); library(quantreg)})
# As many digits as doubles have.
toJson <- function(v) if (is.list(v)) { items <- sapply(v, toJson); if (is.null(names(v))) paste0("[", paste(items, collapse = ", "), "]") else paste0("{", paste0('"', names(v), '": ', items, collapse = ",\n "), "}")
} else if (is.character(v)) { q <- paste0('"', v, '"'); if (length(v) > 1) paste0("[", paste(q, collapse = ", "), "]") else q
} else { q <- format(v, digits = 17, trim = TRUE, scientific = TRUE); if (length(v) > 1) paste0("[", paste(q, collapse = ", "), "]") else q }
set.seed(7)
n <- 160
x <- round(runif(n, 20, 80), 3); z <- round(rexp(n, 0.1), 3); g <- sample(c("a", "b", "c"), n, TRUE)
exposure <- round(rexp(n, 0.5) + 0.2, 3); weight <- round(rexp(n), 3); weight[c(3, 40, 77)] <- 0
eta <- 0.02 * (x - 50) - 0.03 * z + c(a = 0, b = 0.5, c = -0.4)[g]
number <- round(2 + 3 * eta + rnorm(n) / sqrt(pmax(weight, 0.05)), 4)
binary <- rbinom(n, 1, plogis(eta))
count <- rpois(n, exposure * exp(eta))
overdispersed <- rnbinom(n, size = 1.7, mu = exposure * exp(0.5 + eta))
positive <- round(rgamma(n, shape = 2.5, scale = exp(1 + eta) / 2.5), 5)
d <- data.frame(x, z, g, exposure, weight, number, binary, count, overdispersed, positive)
write.csv(d, "glm.csv", row.names = FALSE, quote = FALSE)
d <- read.csv("glm.csv"); d$g <- factor(d$g)

hc3 <- function(m, kind) { # of weighted scores: X'W(e/(1-h))^2WX between the inverse information
  X <- model.matrix(m); w <- if (is.null(weights(m, "prior"))) rep(1, nrow(X)) else weights(m, "prior"); keep <- w > 0
  if (kind == "lm") { w <- if (is.null(m$weights)) rep(1, nrow(X)) else m$weights; keep <- w > 0; e <- w * residuals(m, "response"); V <- summary(m)$cov.unscaled; info <- w }
  else { mu <- fitted(m); e <- residuals(m, "working") * m$weights; info <- m$weights; V <- summary(m)$cov.unscaled }
  h <- info * rowSums((X %*% V) * X)
  S <- X[keep, ] * (e / (1 - h))[keep]
  sqrt(diag(V %*% crossprod(S) %*% V))
}
describe <- function(m, kind) {
  s <- summary(m); cf <- coef(s)
  list(terms = rownames(cf), estimates = unname(cf[, 1]), errors = unname(cf[, 2]), robust = unname(hc3(m, kind)),
       logLikelihood = as.numeric(logLik(m)), aic = AIC(m), residualDegrees = m$df.residual,
       deviance = deviance(m), nullDeviance = if (kind == "lm") sum(m$weights * (d$number - weighted.mean(d$number, m$weights))^2) else m$null.deviance,
       dispersion = if (kind == "lm") s$sigma^2 else if (kind == "nb") sum(residuals(m, "pearson")^2) / m$df.residual else sum(residuals(m, "pearson")^2) / m$df.residual)
}
f <- ~ x + z + g
ctl <- glm.control(epsilon = 1e-14, maxit = 100)
out <- list(origin = paste(R.version.string, "MASS", packageVersion("MASS"), "quantreg", packageVersion("quantreg")))
out$weighted <- list(
  linear = describe(lm(update(f, number ~ .), d, weights = weight), "lm"),
  logistic = describe(suppressWarnings(glm(update(f, binary ~ .), binomial, d, weights = weight, control = ctl)), "glm"),
  poisson = describe(suppressWarnings(glm(update(f, count ~ .), poisson, d, weights = weight, control = ctl)), "glm"))
out$offset <- list(
  poisson = describe(glm(update(f, count ~ . + offset(log(exposure))), poisson, d, control = ctl), "glm"),
  gamma = describe(glm(update(f, positive ~ . + offset(log(exposure))), Gamma("log"), d, control = ctl), "glm"))
gam <- glm(update(f, positive ~ .), Gamma("log"), d, control = ctl)
out$gamma <- describe(gam, "glm")
out$gammaWeighted <- describe(glm(update(f, positive ~ .), Gamma("log"), d, weights = weight, control = ctl), "glm")
# R's logLik of a Gamma takes the deviance's dispersion; the maximum of the likelihood has the shape of MASS::gamma.shape.
shape <- gamma.shape(gam, it.lim = 100, eps.max = 1e-14)
out$gamma$shape <- shape$alpha
out$gamma$maximum <- sum(dgamma(d$positive, shape = shape$alpha, scale = fitted(gam) / shape$alpha, log = TRUE))
nb <- glm.nb(update(f, overdispersed ~ . + offset(log(exposure))), d, control = glm.control(epsilon = 1e-13, maxit = 200))
out$negativeBinomial <- c(describe(nb, "nb"), list(theta = nb$theta, thetaError = nb$SE.theta))
nb0 <- glm.nb(update(f, overdispersed ~ .), d, control = glm.control(epsilon = 1e-13, maxit = 200))
out$negativeBinomialPlain <- c(describe(nb0, "nb"), list(theta = nb0$theta, thetaError = nb0$SE.theta))
out$quantile <- lapply(c(0.25, 0.5, 0.9), function(tau) {
  m <- rq(update(f, number ~ .), tau, d); s <- summary(m, se = "ker"); k <- summary(m, se = "nid")
  list(level = tau, terms = rownames(s$coefficients), estimates = unname(coef(m)), objective = sum(m$residuals * (tau - (m$residuals < 0))),
       kernel = unname(s$coefficients[, 2]), nid = unname(k$coefficients[, 2]))
})
writeLines(toJson(out), "glm-fixtures.json")
