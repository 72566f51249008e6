# Rscript nested-models.R: R (anova of lm, glm and MASS's glm.nb) on glm.csv; writes nested-models.json.
suppressMessages(library(MASS))
d <- read.csv("glm.csv"); d$g <- factor(d$g)
ctl <- glm.control(epsilon = 1e-14, maxit = 200)
said <- function(a, statistic, p, degrees) list(statistic = a[[statistic]][2], p = a[[p]][2], degrees = abs(a[[degrees]][2]))
fits <- function(fit, label, more = "") lapply(c("x", "x + z + g"), function(of) suppressWarnings(fit(as.formula(paste(label, "~", of, more)))))
F <- function(m) said(anova(m[[1]], m[[2]], test = "F"), "F", "Pr(>F)", "Df")
LRT <- function(m) said(anova(m[[1]], m[[2]], test = "LRT"), "Deviance", "Pr(>Chi)", "Df")
weight <- d$weight
out <- list(
  linear = F(fits(function(f) lm(f, d), "number")),
  linearWeighted = F(fits(function(f) { environment(f) <- environment(); lm(f, d, weights = weight) }, "number")),
  gamma = F(fits(function(f) glm(f, Gamma("log"), d, control = ctl), "positive")),
  logistic = LRT(fits(function(f) glm(f, binomial, d, control = ctl), "binary")),
  poisson = LRT(fits(function(f) glm(f, poisson, d, control = ctl), "count", "+ offset(log(exposure))")),
  negativeBinomial = { a <- anova(fits(function(f) glm.nb(f, d, control = ctl), "overdispersed")[[1]], fits(function(f) glm.nb(f, d, control = ctl), "overdispersed")[[2]]); said(a, "LR stat.", "Pr(Chi)", "   df") })
number <- function(v) format(v, digits = 17, scientific = TRUE)
pair <- function(name) paste0('  "', name, '": {', paste0('"', names(out[[name]]), '": ', sapply(out[[name]], number), collapse = ", "), "}")
writeLines(paste0('{\n  "origin": "', R.version.string, ", MASS ", packageVersion("MASS"), '",\n', paste(sapply(names(out), pair), collapse = ",\n"), "\n}"), "nested-models.json")
