// Package quadrature integrates functions of one variable: fixed rules on a panel (Gauss–Legendre, Radau), and an
// adaptive integral that takes singular and infinite ends.
//
// It knows numbers and functions only. Integrals that are themselves exponentials of integrals (exit times, stationary
// laws) belong in fokkerplanck, averages over replicas in estimate.
package quadrature
